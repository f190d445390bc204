"""The function behind `chat.services.plain` stores nothing between two of whom one blocks the other."""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("snappio.chat.migrations.0005_append_in_one_statement").APPEND
PARTNER_IS_THERE = "conversation.last_seq > 0 AND partner.is_active\n"
NOT_PARTED = """\
          AND NOT EXISTS (
            SELECT FROM relationships_block AS block
            WHERE block.blocker_id = draft.sender_id AND block.blocked_id = draft.partner_id
          )
          AND NOT EXISTS (
            SELECT FROM relationships_block AS block
            WHERE block.blocker_id = draft.partner_id AND block.blocked_id = draft.sender_id
          )
"""
AFTER = BEFORE.replace(PARTNER_IS_THERE, PARTNER_IS_THERE + NOT_PARTED)


def _replace_with(function):
    def replace(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            text = function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
            schema_editor.execute(text)

    return replace


class Migration(migrations.Migration):

    dependencies = [
        ("chat", "0006_search_words"),
        ("relationships", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(_replace_with(AFTER), _replace_with(BEFORE)),
    ]
