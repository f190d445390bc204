// Made by `make schema` from docs/api.yaml. Change it there.

/** An upload that a message shows. */
export interface Attachment {
  id: number;
  kind: AttachmentKindEnum;
  name: string;
  content_type: string;
  bytes: number;
  url: string;
  width: number | null;
  height: number | null;
  blurhash: string | null;
  alt: string;
}

export type AttachmentKindEnum = "image" | "file";

/** A conversation in the list of its member. */
export interface Conversation {
  id: string;
  kind: ConversationKindEnum;
  /** Its name, or the other member's. */
  name: string;
  description: string;
  visibility: VisibilityEnum;
  /** The other member of a private chat; null if gone, and in groups. */
  username: string | null;
  /** The id of the room, if it is one. */
  room: string | null;
  /**
   * One's own; null for who only looks on. * `owner` - Owner * `moderator` - Moderator * `member` -
   * Member
   */
  role: RoleEnum | NullEnum;
  members_count: number;
  slow_mode_seconds: number;
  /** Messages disappear when they are this old; null keeps them. */
  retention_seconds: number | null;
  history_for_newcomers: boolean;
  /** The first message that one may see. */
  first_seq: number;
  last_seq: number;
  revision: number;
  read_seq: number;
  delivered_seq: number;
  /** last_seq - read_seq */
  unread: number;
  /** It notifies you of nothing. */
  muted: boolean;
  /** When that ends; null if it does not, and if not muted. */
  muted_until: string | null;
  /** A stranger began it, and you have not accepted it yet. */
  is_request: boolean;
  last_message: Message | null;
}

export type ConversationKindEnum = "private" | "group" | "room";

/** A part of a text that means something. */
export interface Entity {
  type: TypeEnum;
  /** In code points, from 0. */
  start: number;
  /** The first that is not part of it. */
  end: number;
  /** The username, the tag or the address. */
  value: string;
}

/** A message. */
export interface Message {
  conversation: string;
  seq: number;
  revision: number;
  kind: MessageKindEnum;
  sender: string | null;
  sender_name: string;
  sender_kind: SenderKindEnum;
  client_id: string;
  text: string;
  /** The value as an old socket sent it, else null. */
  raw: unknown;
  sent_at: string;
  /** The `seq` it answers. */
  reply_to: number | null;
  edited_at: string | null;
  /** Then it is empty, and keeps its place. */
  deleted: boolean;
  pinned: boolean;
  entities: Entity[];
  attachments: Attachment[];
  reactions: Reaction[];
  /** Of a `notice`: what happened. */
  notice: Notice | null;
}

export type MessageKindEnum = "message" | "notice";

/** What the server tells. */
export interface Notice {
  event: string;
  /** To whom it happened. */
  username: string | null;
  /** Who did it. */
  by: string | null;
}

export type NullEnum = null;

/** An emoji under a message. */
export interface Reaction {
  emoji: string;
  count: number;
  /** Who put it there; the first hundred. */
  usernames: string[];
}

/** A refusal: a sentence for people, a stable code for programs. */
export interface Refusal {
  detail: string;
  code?: string;
}

export type RoleEnum = "owner" | "moderator" | "member";

export type SenderKindEnum = "member" | "guest" | "deleted";

/** What a client keeps after signing in. */
export interface TokenPair {
  access: string;
  refresh: string;
}

export type TypeEnum = "mention" | "hashtag" | "link";

export type VisibilityEnum = "open" | "members" | "private";
