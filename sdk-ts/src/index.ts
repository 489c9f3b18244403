export type { Cost, Meta, RateLimit } from './answer.js';
export type { BulkUploadOptions } from './bulk.js';
export type { Done, Payload } from './call.js';
export { type Answered, Client } from './client.js';
export { type Document, textOf } from './document.js';
export {
  ApiError,
  PosthasteError,
  type Problem,
  TransportError,
  type TransportReason,
  UserErrors,
} from './errors.js';
export { follow } from './follow.js';
export type * from './generated/types.js';
export type {
  CallOptions,
  ClientOptions,
  Hooks,
  RequestInfo,
  ResponseInfo,
  RetryInfo,
  WebSocketClass,
} from './options.js';
export { type Page, Pages } from './pages.js';
export { Posthaste } from './posthaste.js';
export type { SandboxFacts } from './sandbox.js';
export { type FileData, type SendOptions, sendFile, type UploadOptions } from './upload.js';
export { VERSION } from './version.js';
