# SPDX-License-Identifier: Apache-2.0
"""Small sums over samples."""

import math


def slope(points):
    """Of the straight line through (x, y) with the least squares; 0 for less than two."""
    count = len(points)
    if count < 2:
        return 0.0
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def growth(points):
    """By how much that line rises from the first to the last."""
    return slope(points) * (points[-1][0] - points[0][0]) if points else 0.0


def second_half(points):
    if not points:
        return []
    middle = (points[0][0] + points[-1][0]) / 2
    return [point for point in points if point[0] >= middle]


def quantile(values, share):
    """The smallest value that so large a share does not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
