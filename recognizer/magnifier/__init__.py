"""MagPlus and DeMagPlus (paper 002): make small facial motion larger or smaller in a video."""
