use std::{fmt, net::IpAddr, time::Duration};

use async_trait::async_trait;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message as Mail, Tokio1Executor,
    message::{
        Mailbox as Correspondent,
        header::{ContentType, Header, HeaderName, HeaderValue},
    },
    transport::smtp::{Error as SmtpError, extension::ClientId},
};
use posthaste_core::{
    Error, Result,
    ports::{MailError, Mailer, Message},
};
use tokio::time::timeout;
use url::Url;

/// Where and as whom mails are sent.
#[derive(Clone, Copy, Debug)]
pub struct SmtpSettings<'a> {
    /// `smtps://user:password@host:465`, or `smtp://…` with STARTTLS; `?tls=none` sends in the clear, as is done to
    /// this machine anyway.
    pub url: &'a str,
    /// `Name <address>`, or an address.
    pub from: &'a str,
    /// How long handing one mail over may take.
    pub timeout: Duration,
}

/// Hands mails to an SMTP server, over a connection for each.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Correspondent,
    timeout: Duration,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Smtp as {}", self.from)
    }
}

impl Smtp {
    /// Connects nothing yet.
    pub fn new(settings: SmtpSettings<'_>) -> Result<Self> {
        let url =
            address(settings.url).ok_or_else(|| Error::internal("no address of a mail server"))?;
        let from: Correspondent = settings.from.parse().map_err(Error::internal)?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&url)
            .map_err(Error::internal)?
            .hello_name(ClientId::Domain(from.email.domain().to_owned()))
            .timeout(Some(settings.timeout))
            .build();
        Ok(Self {
            transport,
            from,
            timeout: settings.timeout,
        })
    }

    /// Whether a text is the address of a mail server.
    pub fn understands(url: &str) -> bool {
        address(url).is_some()
    }

    /// Whether a text is a sender: an address, or a name with an address in angle brackets.
    pub fn is_sender(text: &str) -> bool {
        text.parse::<Correspondent>().is_ok()
    }

    fn compose(&self, message: &Message) -> Result<Mail, Box<dyn std::error::Error + Send + Sync>> {
        let to = Correspondent::new(None, message.to.parse()?);
        let mail = Mail::builder()
            .from(self.from.clone())
            .to(to)
            .subject(&message.subject)
            .date(message.at.into())
            .message_id(Some(format!(
                "<{}@{}>",
                message.id,
                self.from.email.domain()
            )))
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN)
            .body(message.text.clone())?;
        Ok(mail)
    }

    async fn within<T>(
        &self,
        call: impl Future<Output = Result<T, SmtpError>>,
    ) -> Result<T, MailError> {
        match timeout(self.timeout, call).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(told(&error)),
            Err(_) => Err(MailError {
                is_permanent: false,
                reason: "the mail server does not answer in time".to_owned(),
            }),
        }
    }
}

#[async_trait]
impl Mailer for Smtp {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        let mail = self.compose(message).map_err(|error| MailError {
            is_permanent: true,
            reason: format!("the mail cannot be addressed: {error}"),
        })?;
        self.within(self.transport.send(mail)).await.map(drop)
    }

    async fn check(&self) -> Result<(), MailError> {
        let is_there = self.within(self.transport.test_connection()).await?;
        if is_there {
            return Ok(());
        }
        Err(MailError {
            is_permanent: false,
            reason: "the mail server answers, but takes no mail".to_owned(),
        })
    }
}

/// A mail is given up for good only when it is itself refused: who we are to the server can be mended meanwhile.
fn told(error: &SmtpError) -> MailError {
    let about_us = |code: u16| matches!(code, 530 | 534 | 535 | 538);
    let code = error.status().map(u16::from);
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        reason = format!("{reason}: {inner}");
        cause = inner.source();
    }
    MailError {
        is_permanent: error.is_permanent() && !code.is_some_and(about_us),
        reason,
    }
}

/// The address as lettre takes it, with TLS unless it is this machine or `tls=none` says otherwise; none for what is no such
/// address.
fn address(text: &str) -> Option<String> {
    let mut url = Url::parse(text).ok()?;
    // Of such schemes an IPv4 address is a name to the parser.
    let host = url.host_str()?.trim_matches(['[', ']']);
    let is_here = host
        .parse::<IpAddr>()
        .map_or(host == "localhost", |address| address.is_loopback());
    let query = url.query().map(str::to_owned);
    let tls = match (url.scheme(), query.as_deref()) {
        ("smtp", None) => (!is_here).then_some("tls=required"),
        ("smtps", None) | ("smtp", Some("tls=none")) => None,
        ("smtp", Some("tls=required")) => Some("tls=required"),
        _ => return None,
    };
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return None;
    }
    url.set_query(tls);
    Some(url.into())
}

/// Tells programs that answer mails by themselves not to (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Takes every mail and does nothing: a sandbox's mailbox is the outbox itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mailbox;

#[async_trait]
impl Mailer for Mailbox {
    async fn send(&self, _: &Message) -> Result<(), MailError> {
        Ok(())
    }

    async fn check(&self) -> Result<(), MailError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_go_through_tls_unless_they_stay_here() {
        let known = [
            ("smtps://post.example.org", "smtps://post.example.org"),
            (
                "smtp://a:b@post.example.org:587",
                "smtp://a:b@post.example.org:587?tls=required",
            ),
            (
                "smtp://post.example.org?tls=none",
                "smtp://post.example.org",
            ),
            ("smtp://127.0.0.1:2525", "smtp://127.0.0.1:2525"),
            ("smtp://localhost", "smtp://localhost"),
        ];
        for (text, url) in known {
            assert_eq!(address(text).as_deref(), Some(url), "{text}");
        }
        for text in [
            "",
            "post.example.org",
            "http://post.example.org",
            "smtp://",
            "smtp://a?tls=opportunistic",
            "smtp://a/b",
        ] {
            assert_eq!(address(text), None, "{text}");
        }
    }
}
