"""A class of submissions: read with care, judged by pristine checks, and told in many formats."""
