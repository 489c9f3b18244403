//! Ids, and core's tables as enums.

use std::{borrow::Cow, str::FromStr};

use async_graphql::{
    ContextSelectionSet, Enum, ID, InputType, InputValueError, InputValueResult, Name, OutputType,
    Positioned, ServerResult, Value,
    indexmap::IndexMap,
    parser::types::Field,
    registry::{Deprecation, MetaEnumValue, MetaType, MetaTypeId, Registry},
};
use posthaste_core::{Error, ErrorCode, Result, access, event, ids::ConnectionId, network};
use posthaste_engine::Actor;
use uuid::Uuid;

/// Reads an id; a wrong one is `INVALID_ID` with the path of its field.
pub fn id<T: FromStr<Err = Error>>(id: &ID, path: &[&str]) -> Result<T> {
    id.parse()
        .map_err(|error: Error| error.at(path.iter().copied()))
}

/// As [`limit`], as far as the viewer deals with these connections.
pub fn limit_seen(actor: &Actor, connections: Option<&[Uuid]>) -> Option<Vec<ID>> {
    let ids = connections?.iter().copied().map(ConnectionId::from);
    Some(
        ids.filter(|id| actor.reach.has(*id))
            .map(ID::from)
            .collect(),
    )
}

/// Reads a list of ids, as [`id`].
pub fn ids<T: FromStr<Err = Error>>(ids: &[ID], path: &str) -> Result<Vec<T>> {
    ids.iter()
        .enumerate()
        .map(|(position, one)| id(one, &[path, &position.to_string()]))
        .collect()
}

/// Connections that somebody is limited to, as ids; none without a limit.
pub fn limit(connections: Option<&[Uuid]>) -> Option<Vec<ID>> {
    let ids = connections?.iter();
    Some(ids.map(|id| ConnectionId::from(*id).into()).collect())
}

/// A table of core that the API shows as an enum, so that no second list of its names exists.
pub trait Names: Copy + PartialEq + Send + Sync + 'static {
    /// The enum's name in the schema.
    const NAME: &'static str;
    /// Its description.
    const DESCRIPTION: &'static str;
    /// Every value.
    fn all() -> &'static [Self];
    /// The value's name in the schema.
    fn name(self) -> String;
    /// What it means.
    fn meaning(self) -> String;
}

/// A value of one of core's tables in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named<T>(pub T);

impl<T: Names> From<T> for Named<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Names> Named<T> {
    fn register(registry: &mut Registry) -> String {
        registry.create_input_type::<Self, _>(MetaTypeId::Enum, |_| MetaType::Enum {
            name: T::NAME.to_owned(),
            description: Some(T::DESCRIPTION.to_owned()),
            enum_values: T::all()
                .iter()
                .map(|value| (value.name(), meta(*value)))
                .collect::<IndexMap<_, _>>(),
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            rust_typename: Some(std::any::type_name::<Self>()),
            directive_invocations: Vec::new(),
            requires_scopes: Vec::new(),
        })
    }
}

fn meta<T: Names>(value: T) -> MetaEnumValue {
    MetaEnumValue {
        name: value.name(),
        description: Some(value.meaning()),
        deprecation: Deprecation::NoDeprecated,
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        directive_invocations: Vec::new(),
    }
}

impl<T: Names> OutputType for Named<T> {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed(T::NAME)
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Self::register(registry)
    }

    async fn resolve(
        &self,
        _ctx: &ContextSelectionSet<'_>,
        _field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        Ok(InputType::to_value(self))
    }
}

impl<T: Names> InputType for Named<T> {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed(T::NAME)
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Self::register(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let value = value.unwrap_or_default();
        let name = match &value {
            Value::Enum(name) => name.as_str(),
            Value::String(name) => name,
            _ => return Err(InputValueError::expected_type(value)),
        };
        T::all()
            .iter()
            .find(|known| known.name() == name)
            .map(|known| Self(*known))
            .ok_or_else(|| {
                InputValueError::custom(format_args!("There is no {} '{name}'.", T::NAME))
            })
    }

    fn to_value(&self) -> Value {
        Value::Enum(Name::new(self.0.name()))
    }

    fn as_raw_value(&self) -> Option<&Self::RawValueType> {
        Some(self)
    }
}

impl Names for ErrorCode {
    const NAME: &'static str = "ErrorCode";
    const DESCRIPTION: &'static str =
        "What went wrong, as a stable code. Each has a page under /docs/errors.";

    fn all() -> &'static [Self] {
        Self::ALL
    }

    fn name(self) -> String {
        self.as_str().to_owned()
    }

    fn meaning(self) -> String {
        format!("{} {}", self.title(), self.advice())
    }
}

impl Names for event::EventType {
    const NAME: &'static str = "EventType";
    const DESCRIPTION: &'static str = "What happened.";

    fn all() -> &'static [Self] {
        Self::ALL
    }

    fn name(self) -> String {
        self.as_str().replace('.', "_").to_ascii_uppercase()
    }

    fn meaning(self) -> String {
        self.title().to_owned()
    }
}

/// A social network.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "network::Network")]
pub enum Network {
    /// Facebook Pages.
    Facebook,
    /// Instagram professional accounts.
    Instagram,
    /// Pinterest.
    Pinterest,
    /// X, formerly Twitter.
    X,
}

impl Names for access::Role {
    const NAME: &'static str = "Role";
    const DESCRIPTION: &'static str =
        "What a member or key holds in the workspace: a set of permissions with a name.";

    fn all() -> &'static [Self] {
        Self::ALL
    }

    fn name(self) -> String {
        self.as_str().to_owned()
    }

    fn meaning(self) -> String {
        self.title().to_owned()
    }
}

/// What a member or key holds.
pub type Role = Named<access::Role>;

impl Names for access::Permission {
    const NAME: &'static str = "Permission";
    const DESCRIPTION: &'static str = "Something that members and keys may or may not do.";

    fn all() -> &'static [Self] {
        Self::ALL
    }

    fn name(self) -> String {
        self.as_str().to_owned()
    }

    fn meaning(self) -> String {
        self.title().to_owned()
    }
}

/// Something that members and keys may or may not do.
pub type Permission = Named<access::Permission>;

/// The permissions of a set, one by one.
pub fn permissions(set: access::PermissionSet) -> Vec<Permission> {
    set.iter().map(Named).collect()
}
