"""What realtime keeps: one word."""

from django.db import models


class Epoch(models.Model):
    """The only row names this database; changed when it was restored from a backup."""

    word = models.CharField(max_length=32)

    def __str__(self) -> str:
        return self.word
