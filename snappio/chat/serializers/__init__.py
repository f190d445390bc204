"""Chat as JSON.

The functions make what is sent, the serializers document it; a test holds the two
equal.
"""
