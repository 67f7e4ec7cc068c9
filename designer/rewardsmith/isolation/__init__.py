"""Untrusted code in its own locked process: started, limited, listened to and ended by the driver.

A child gets its job on stdin and answers in frames on one pipe; it can write nowhere else. Nothing
here knows what a reward or a policy is, and importing this package imports nothing heavy.
"""
