//! What the domain needs from outside, as traits; each has its fake beside it.

mod blobs;
mod buckets;
mod cipher;
mod clock;
mod http;
mod mailer;
mod master_keys;
mod random;
mod tally;

pub use blobs::{Blobs, ByteStream, MemoryBlobs};
pub use buckets::{BucketRule, Buckets};
pub use cipher::{Cipher, Place, PlainCipher};
pub use clock::{Clock, FrozenClock};
pub use http::{
    Body, Http, Method, Part, PartBody, Request, Response, ScriptedHttp, TransportError,
};
pub use mailer::{MailError, Mailer, MemoryMailer, Message};
pub use master_keys::{DataKey, MasterKeys, Wrapped};
pub use random::{Random, SeededRandom};
pub use tally::{Count, Tally};
