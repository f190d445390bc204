export type { Conversation as Details, Message, Reaction, TokenPair } from "./api.ts";
export { Client, type ClientEvents, type ClientOptions, type State } from "./client.ts";
export type { WebSocketConstructor, WebSocketLike } from "./connection.ts";
export { Conversation, type SendOptions } from "./conversation.ts";
export { SnappioError } from "./errors.ts";
export type { Commands, ServerFrame } from "./frames.ts";
export { MemoryStorage, type Storage, type Unsent } from "./storage.ts";
