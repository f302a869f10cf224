// SPDX-License-Identifier: Apache-2.0
#include "agent/model/label_text.h"

#include "agent/text/table.h"
#include "test/fuzz/fuzz.h"
#include "test/fuzz/text_checks.h"

namespace fusescope::fuzz {

void label_text(std::string_view bytes) {
  const std::string label = to_label(bytes);
  hold(is_utf8(label) && !label.contains('\0'), "a label is UTF-8 without NUL", label);
  hold(label.size() <= 4 * bytes.size(), "a label has four bytes for one at most", label);
  hold(to_label(label) == label, "a label is its own label", label);

  const std::string text = printable(bytes);
  hold_for_terminal(text);
  hold(!text.contains('\n'), "what is printable is one line", text);
  hold(printable(text) == text, "what is printable stays as it is", text);
}

}  // namespace fusescope::fuzz
