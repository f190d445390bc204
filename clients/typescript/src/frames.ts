// Made by `make schema` from the server's frame structs. Change it there.
import type { Conversation, Message } from "./api.ts";

/** A new token of the same member, before the present one expires. */
export interface Auth {
  type: "auth";
  /** A number of your choice; the answer has it. */
  id: number;
  token: string;
}

/** The token was taken. */
export interface AuthResult {
  /** ISO 8601, when the socket closes with 4003. */
  expires_at: string;
}

/** The server is about to close. */
export interface Bye {
  type: "bye";
  /** The close code that follows. */
  code: number;
  /** Come back after so many milliseconds. */
  after: number;
}

/** What happened to a conversation, to whom (None: to nobody), and by whom. */
export interface Change {
  event: string;
  username: string | null;
  by: string | null;
}

/** The conversation itself changed: its name, its rules, its members. */
export interface ConversationChanged {
  type: "changed";
  conversation: string;
  revision: number;
  /** What happened, to whom, by whom; `changed` if that is unknown. */
  change: Change;
  state: State;
}

/** Empty your own message; its place stays. */
export interface Delete {
  type: "delete";
  /** A number of your choice; the answer has it. */
  id: number;
  /** The conversation's opaque id. */
  conversation: string;
  /** The message's number in its conversation. */
  seq: number;
}

/** Everything up to `seq` has reached this device. */
export interface Delivered {
  type: "delivered";
  /** A number of your choice; the answer has it. */
  id: number;
  /** The conversation's opaque id. */
  conversation: string;
  /** The message's number in its conversation. */
  seq: number;
}

/** How far your devices are; it never moves back. */
export interface DeliveredResult {
  delivered_seq: number;
}

/** Everything up to `seq` has reached a device of a member. May be lost. */
export interface DeliveredTo {
  type: "delivered";
  conversation: string;
  username: string;
  seq: number;
}

/** The message is changed, or was like that already. */
export interface Done {
  /** The conversation's revision after the change. */
  revision: number;
}

/** Replace the text of your own message. */
export interface Edit {
  type: "edit";
  /** A number of your choice; the answer has it. */
  id: number;
  /** The conversation's opaque id. */
  conversation: string;
  /** The message's number in its conversation. */
  seq: number;
  text: string;
}

/** A request was refused. */
export interface Error {
  type: "error";
  /** Null if the frame had none. */
  id: number | null;
  /** Stable, and the same as over HTTP. */
  code: string;
  /** For people. */
  message: string;
  /** Whether the same frame may succeed later. */
  retry: boolean;
  /** … in so many milliseconds. */
  after: number | null;
}

/** Changes `after`+1 to `revision` follow as present states. */
export interface Gap {
  type: "gap";
  conversation: string;
  after: number;
  revision: number;
}

/** The first frame: who you are, and what you have seen. */
export interface Hello {
  type: "hello";
  /** The highest version of the protocol you speak. */
  version: number;
  /** An access token, unless it was in the handshake. */
  token?: string | null;
  /** Names this installation; a second socket of it ends this */
  device?: string;
  /** The last revision you have of each conversation. */
  since?: Record<string, number>;
  /** The `epoch` of the last `welcome`. */
  epoch?: string | null;
}

/** Page through older messages; at most one of the places to look from. */
export interface History {
  type: "history";
  /** A number of your choice; the answer has it. */
  id: number;
  /** The conversation's opaque id. */
  conversation: string;
  before?: number | null;
  after?: number | null;
  around?: number | null;
  /** Where you left off, with a few messages before it. */
  first_unread?: boolean;
  limit?: number;
}

/** What somebody is seen as; `unknown` is also whom you may not see. */
export interface Member {
  username: string;
  state: "away" | "offline" | "online" | "unknown";
  /** ISO 8601; null while they are there. */
  last_seen: string | null;
}

/** Your own place changed, often by another device of yours. */
export interface Membership {
  type: "membership";
  conversation: string;
  role: string;
  muted_until: string | null;
  read_seq: number;
  delivered_seq: number;
  unread: number;
}

/** A message is new or has changed. */
export interface MessageChanged {
  type: "message";
  conversation: string;
  message: Message;
}

/** A request was carried out. */
export interface Ok {
  type: "ok";
  /** A number of your choice; the answer has it. */
  id: number;
  result: unknown;
}

/** Open the private chat with a member. */
export interface Open {
  type: "open";
  /** A number of your choice; the answer has it. */
  id: number;
  username: string;
}

/** The same one, whenever it is opened. */
export interface Opened {
  conversation: string;
}

/** Messages in order of `seq`. */
export interface Page {
  messages: Message[];
  /** The first message there is for you. */
  first_seq: number;
  /** The last message there is. */
  last_seq: number;
}

/** Something changed that is not yours to see. */
export interface Passed {
  type: "passed";
  conversation: string;
  revision: number;
}

/** Pin a message to the top. */
export interface Pin {
  type: "pin";
  /** A number of your choice; the answer has it. */
  id: number;
  /** The conversation's opaque id. */
  conversation: string;
  /** The message's number in its conversation. */
  seq: number;
}

/** Ask whether the server is there. */
export interface Ping {
  type: "ping";
  /** A number of your choice; the answer has it. */
  id: number;
}

/** It is. */
export interface PingResult {
  /** The server's time, ISO 8601. */
  now: string;
}

/** Be online or away, and watch whether others are there. */
export interface Presence {
  type: "presence";
  /** A number of your choice; the answer has it. */
  id: number;
  /** Null changes nothing. */
  state?: "away" | "online" | null;
  /** Watch these and nobody else; null changes nothing. */
  watch?: string[] | null;
}

/** Somebody whom you watch came, went, or is away. May be lost. */
export interface PresenceChanged {
  type: "presence";
  username: string;
  state: "away" | "offline" | "online" | "unknown";
  last_seen: string | null;
}

/** Whom you have asked to watch, as they are now. */
export interface PresenceResult {
  members: Member[];
}

/** Put an emoji to a message. */
export interface React {
  type: "react";
  /** A number of your choice; the answer has it. */
  id: number;
  /** The conversation's opaque id. */
  conversation: string;
  /** The message's number in its conversation. */
  seq: number;
  emoji: string;
}

/** You have read everything up to `seq`. */
export interface Read {
  type: "read";
  /** A number of your choice; the answer has it. */
  id: number;
  /** The conversation's opaque id. */
  conversation: string;
  /** The message's number in its conversation. */
  seq: number;
}

/** A member has read everything up to `seq`. May be lost. */
export interface ReadBy {
  type: "read";
  conversation: string;
  username: string;
  seq: number;
}

/** How far you are; it never moves back. */
export interface ReadResult {
  read_seq: number;
  unread: number;
}

/** All that `hello` asked for was sent; from now on things come as they happen. */
export interface Ready {
  type: "ready";
}

/** You are no longer in the conversation. */
export interface Removed {
  type: "removed";
  conversation: string;
  /** left, removed, banned or deleted. */
  reason: string;
}

/** Send a message. */
export interface Send {
  type: "send";
  /** A number of your choice; the answer has it. */
  id: number;
  /** The conversation's opaque id. */
  conversation: string;
  /** Your name for the message: sent again, it is the same message. */
  client_id: string;
  /** May be empty if something is attached. */
  text?: string;
  /** Ids from `POST /api/v1/media/`, in the order in which they are shown. */
  attachments?: number[];
  /** The `seq` that it answers. */
  reply_to?: number | null;
}

/** The message is stored. */
export interface Sent {
  seq: number;
  /** The conversation's revision after the change. */
  revision: number;
  sent_at: string;
  /** It was stored before; this is the first one. */
  duplicate: boolean;
}

/** A conversation as all its members see it. */
export interface State {
  kind: string;
  name: string;
  description: string;
  visibility: string;
  members_count: number;
  /** Retention has removed everything below. */
  first_seq: number;
  history_for_newcomers: boolean;
  slow_mode_seconds: number;
  retention_seconds: number | null;
}

/** Hear of a conversation: an open room, or one that you have unsubscribed. */
export interface Subscribe {
  type: "subscribe";
  /** A number of your choice; the answer has it. */
  id: number;
  /** The conversation's opaque id. */
  conversation: string;
  /** The last revision that you have of it. */
  since?: number | null;
}

/** From now on you hear of this conversation; here is what you have missed. */
export interface Subscribed {
  type: "subscribed";
  conversation: string;
  /** What comes live follows this one. */
  revision: number;
  last_seq: number;
  first_seq: number;
  read_seq: number;
  delivered_seq: number;
  unread: number;
  /** Whether `messages` are all that is new or changed. */
  complete: boolean;
  messages: Message[];
  /** The conversation, as over HTTP; null if it is unchanged. */
  details: Conversation | null;
}

/** You write, or stopped. Once in three seconds; more is swallowed. */
export interface Typing {
  type: "typing";
  /** A number of your choice; the answer has it. */
  id: number;
  /** The conversation's opaque id. */
  conversation: string;
  on: boolean;
}

/** A member writes; forget it after 6 seconds. May be lost. */
export interface TypingBy {
  type: "typing";
  conversation: string;
  username: string;
  on: boolean;
}

/** Take a pin away. */
export interface Unpin {
  type: "unpin";
  /** A number of your choice; the answer has it. */
  id: number;
  /** The conversation's opaque id. */
  conversation: string;
  /** The message's number in its conversation. */
  seq: number;
}

/** Take your emoji away. */
export interface Unreact {
  type: "unreact";
  /** A number of your choice; the answer has it. */
  id: number;
  /** The conversation's opaque id. */
  conversation: string;
  /** The message's number in its conversation. */
  seq: number;
  emoji: string;
}

/** Hear no more of a conversation, on this socket. */
export interface Unsubscribe {
  type: "unsubscribe";
  /** A number of your choice; the answer has it. */
  id: number;
  /** The conversation's opaque id. */
  conversation: string;
}

/** The answer to `hello`. */
export interface Welcome {
  type: "welcome";
  /** The version that both speak from now on. */
  version: number;
  /** Names this socket in logs. */
  connection: string;
  username: string;
  /** Revisions of another epoch mean nothing. */
  epoch: string;
  /** Say `ping` after so many seconds of silence. */
  ping: number;
  /** The server's time, ISO 8601. */
  now: string;
  /** As at `GET /api/v1/instance/`. */
  limits: Record<string, unknown>;
}

/** What may be asked, and what `ok` answers. */
export interface Commands {
  auth: [Auth, AuthResult];
  ping: [Ping, PingResult];
  send: [Send, Sent];
  edit: [Edit, Done];
  delete: [Delete, Done];
  react: [React, Done];
  unreact: [Unreact, Done];
  pin: [Pin, Done];
  unpin: [Unpin, Done];
  history: [History, Page];
  read: [Read, ReadResult];
  delivered: [Delivered, DeliveredResult];
  presence: [Presence, PresenceResult];
  typing: [Typing, null];
  open: [Open, Opened];
  subscribe: [Subscribe, null];
  unsubscribe: [Unsubscribe, null];
}

/** What the server says. */
export type ServerFrame =
  | Welcome
  | Ready
  | Ok
  | Error
  | Bye
  | Subscribed
  | MessageChanged
  | ConversationChanged
  | Passed
  | Gap
  | Membership
  | Removed
  | ReadBy
  | DeliveredTo
  | TypingBy
  | PresenceChanged;
