"""The index that `chat.search` asks, kept by the database itself.

Whoever lets Django make SQLite's table of messages anew (it does so to change a
column) has to make these triggers anew as well: they go with the old table. A test
says so.
"""

from django.db import migrations

POSTGRES = [
    # What is added goes into a list first. It is worked in by a job, every minute:
    # the list is longer than it ever gets (1 GB), so that no sender has to.
    """
    CREATE INDEX chat_message_words ON chat_message USING gin (to_tsvector('simple', text))
    WITH (gin_pending_list_limit = 1048576)
    """,
]
SQLITE = [
    """
    CREATE VIRTUAL TABLE chat_words USING fts5 (
      text, content='chat_message', content_rowid='id',
      tokenize='unicode61 remove_diacritics 0'
    )
    """,
    "INSERT INTO chat_words (chat_words) VALUES ('rebuild')",
    """
    CREATE TRIGGER chat_words_of_new AFTER INSERT ON chat_message BEGIN
      INSERT INTO chat_words (rowid, text) VALUES (new.id, new.text);
    END
    """,
    """
    CREATE TRIGGER chat_words_of_old AFTER DELETE ON chat_message BEGIN
      INSERT INTO chat_words (chat_words, rowid, text) VALUES ('delete', old.id, old.text);
    END
    """,
    """
    CREATE TRIGGER chat_words_of_changed AFTER UPDATE OF text ON chat_message BEGIN
      INSERT INTO chat_words (chat_words, rowid, text) VALUES ('delete', old.id, old.text);
      INSERT INTO chat_words (rowid, text) VALUES (new.id, new.text);
    END
    """,
]
POSTGRES_BACK = ["DROP INDEX chat_message_words"]
SQLITE_BACK = [
    "DROP TRIGGER chat_words_of_new",
    "DROP TRIGGER chat_words_of_old",
    "DROP TRIGGER chat_words_of_changed",
    "DROP TABLE chat_words",
]


def _run(on_postgres, on_sqlite):
    def run(apps, schema_editor):
        is_postgres = schema_editor.connection.vendor == "postgresql"
        for statement in on_postgres if is_postgres else on_sqlite:
            schema_editor.execute(statement, params=None)

    return run


class Migration(migrations.Migration):

    dependencies = [("chat", "0005_append_in_one_statement")]

    operations = [
        migrations.RunPython(_run(POSTGRES, SQLITE), _run(POSTGRES_BACK, SQLITE_BACK)),
    ]
