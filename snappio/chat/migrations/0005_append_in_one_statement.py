"""The function behind `chat.services.plain`, and two indexes that nobody asks."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

APPEND = """
CREATE FUNCTION chat_append(given jsonb, at timestamptz)
RETURNS TABLE (
  place int, conversation_id bigint, seq bigint, revision bigint, username text, name text
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  known int[];
BEGIN
  -- In id order, as everybody locks, so that two batches never wait in a circle.
  PERFORM 1 FROM chat_conversation
  WHERE key IN (SELECT DISTINCT draft ->> 'key' FROM jsonb_array_elements(given) AS draft)
  ORDER BY id FOR NO KEY UPDATE;

  -- Statements of their own, and so with snapshots of their own: they see all that was
  -- committed while we waited for the locks.
  --
  -- Which drafts were sent before. Planned anew each time: a plan that is kept from when
  -- there were few messages would go through all that a member ever said.
  EXECUTE $known$
    SELECT coalesce(array_agg(draft.place), '{}')
    FROM jsonb_to_recordset($1) AS draft (place int, key text, sender_id bigint, client_id text)
    JOIN chat_conversation AS conversation ON conversation.key = draft.key
    JOIN chat_message AS message ON message.conversation_id = conversation.id
      AND message.sender_id = draft.sender_id AND message.client_id = draft.client_id
  $known$ INTO known USING given;

  RETURN QUERY
  WITH draft AS (
    SELECT * FROM jsonb_to_recordset(given) AS draft (
      place int, key text, sender_id bigint, partner_id bigint, session_id uuid, client_id text,
      text text, entities text, raw text, reply_to bigint
    )
  ), judged AS (
    SELECT draft.*, conversation.id AS conversation_id, conversation.last_seq, conversation.revision,
      sender.username, sender.name,
      session.id IS NOT NULL
        AND (draft.reply_to IS NULL OR draft.reply_to <= conversation.last_seq)
        AND row_number() OVER (
          PARTITION BY conversation.id, draft.sender_id, draft.client_id ORDER BY draft.place
        ) = 1
        AND draft.place <> ALL (known)
        AND CASE WHEN conversation.kind = 'private' THEN
          -- The first message may make a request of it, and who is asked accepts by writing.
          conversation.last_seq > 0 AND partner.is_active
          AND (NOT conversation.is_request OR coalesce(NOT participant.is_request, false))
        ELSE
          participant.id IS NOT NULL
          AND conversation.slow_mode_seconds = 0
          AND (participant.silenced_until IS NULL OR participant.silenced_until <= at)
        END AS is_plain
    FROM draft
    JOIN chat_conversation AS conversation ON conversation.key = draft.key
    LEFT JOIN accounts_session AS session ON session.id = draft.session_id
      AND session.user_id = draft.sender_id AND session.ended_at IS NULL AND session.expires_at > at
    LEFT JOIN accounts_user AS sender ON sender.id = session.user_id AND sender.is_active
    LEFT JOIN accounts_user AS partner ON partner.id = draft.partner_id
    LEFT JOIN chat_participant AS participant ON participant.conversation_id = conversation.id
      AND participant.user_id = draft.sender_id
  ), plain AS (
    SELECT judged.*,
      row_number() OVER (PARTITION BY judged.conversation_id ORDER BY judged.place) AS number
    FROM judged
    WHERE judged.conversation_id IN (
      SELECT conversation_id FROM judged GROUP BY conversation_id
      HAVING bool_and(coalesce(is_plain AND username IS NOT NULL, false))
    )
  ), inserted AS (
    INSERT INTO chat_message (
      conversation_id, seq, revision, kind, event, sender_id, sender_kind, client_id, text,
      entities, raw, reply_to, has_attachments, sent_at
    )
    SELECT conversation_id, last_seq + number, revision + number, 'message', '', sender_id, 'member',
      client_id, text, entities, raw, reply_to, false, at
    FROM plain
  ), moved AS (
    UPDATE chat_conversation AS conversation
    SET last_seq = conversation.last_seq + added.count,
      revision = conversation.revision + added.count, last_message_at = at
    FROM (SELECT conversation_id, count(*) FROM plain GROUP BY conversation_id) AS added
    WHERE conversation.id = added.conversation_id
  ), read AS (
    UPDATE chat_participant AS participant
    SET read_seq = last.seq, delivered_seq = last.seq, wrote_at = at
    FROM (
      SELECT conversation_id, sender_id, max(last_seq + number) AS seq
      FROM plain GROUP BY conversation_id, sender_id
    ) AS last
    WHERE participant.conversation_id = last.conversation_id
      AND participant.user_id = last.sender_id
  )
  SELECT plain.place, plain.conversation_id, plain.last_seq + plain.number,
    plain.revision + plain.number, plain.username::text, plain.name::text
  FROM plain;
END $$
"""


def _make_function(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(APPEND)


def _drop_function(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION chat_append")


class Migration(migrations.Migration):

    dependencies = [
        ("chat", "0004_groups_rooms_and_places"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="message",
            name="conversation",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="messages",
                to="chat.conversation",
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="subject",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunPython(_make_function, _drop_function),
    ]
