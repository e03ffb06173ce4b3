"""The X-ray: what a program asks the kernel for, line by line, and what that changes."""
