//! A TCP proxy whose lines can be cut, slowed and robbed of their answers.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use posthaste_core::ports::{Random, SeededRandom};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};

/// How long the first bytes of a line are waited for before it is judged.
const FIRST: Duration = Duration::from_secs(30);
const BUFFER: usize = 16 * 1024;

/// What happens to lines; shares from 0 to 1 are of new lines whose first bytes are a POST.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// New lines are refused.
    pub down: bool,
    /// Bytes are read and go nowhere: the other side seems asleep.
    pub black_hole: bool,
    /// Each piece of an answer waits this long.
    pub delay: Duration,
    /// Most bytes each second in each direction; 0 for as many as there are.
    pub bytes_per_second: u64,
    /// Share whose answers are swallowed, the line then closed.
    pub drop_answers: f64,
    /// Share that is reset before anything is passed on.
    pub reset: f64,
    /// Share whose answers are swallowed while the line stays open: the caller's patience decides.
    pub silence: f64,
}

/// A listening proxy; a clone steers the same one.
#[derive(Clone)]
pub struct Proxy {
    shared: Arc<Shared>,
}

struct Shared {
    /// The first of these that takes a line gets it.
    upstream: Vec<SocketAddr>,
    rules: Mutex<Rules>,
    cut: watch::Sender<u64>,
    strand: watch::Sender<u64>,
    chance: SeededRandom,
    hit: AtomicU64,
}

/// What becomes of one line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Passed,
    Reset,
    Dropped,
    Silenced,
}

impl Proxy {
    /// Listens on a free port of this machine; the address is returned with it.
    pub async fn tcp(upstream: Vec<SocketAddr>, seed: u64) -> io::Result<(Self, SocketAddr)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let proxy = Self::new(upstream, seed);
        let this = proxy.clone();
        tokio::spawn(async move {
            while let Ok((line, _)) = listener.accept().await {
                let _ = line.set_nodelay(true);
                tokio::spawn(this.clone().carry(line));
            }
        });
        Ok((proxy, address))
    }

    fn new(upstream: Vec<SocketAddr>, seed: u64) -> Self {
        let shared = Shared {
            upstream,
            rules: Mutex::default(),
            cut: watch::Sender::new(0),
            strand: watch::Sender::new(0),
            chance: SeededRandom::new(seed),
            hit: AtomicU64::new(0),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// New rules, for new lines and for what goes on in old ones.
    pub fn set(&self, rules: Rules) {
        *lock(&self.shared.rules) = rules;
    }

    /// Everything passes again.
    pub fn heal(&self) {
        self.set(Rules::default());
    }

    /// Closes every line that stands.
    pub fn cut(&self) {
        self.shared.cut.send_modify(|count| *count += 1);
    }

    /// Every line that stands leads nowhere from now on, without its near side being told: what was there
    /// has moved to another machine, which new lines reach.
    pub fn strand(&self) {
        self.shared.strand.send_modify(|count| *count += 1);
    }

    /// How many lines were reset, robbed or silenced.
    pub fn hits(&self) -> u64 {
        self.shared.hit.load(Ordering::Relaxed)
    }

    fn rules(&self) -> Rules {
        lock(&self.shared.rules).clone()
    }

    async fn carry(self, mut line: impl AsyncRead + AsyncWrite + Unpin) {
        let mut cut = self.shared.cut.subscribe();
        let mut strand = self.shared.strand.subscribe();
        if self.rules().down {
            return;
        }
        tokio::select! {
            _ = cut.changed() => return,
            _ = self.pass(&mut line) => return,
            _ = strand.changed() => {}
        }
        let mut nowhere = tokio::io::sink();
        tokio::select! {
            _ = cut.changed() => {}
            _ = tokio::io::copy(&mut line, &mut nowhere) => {}
        }
    }

    async fn pass(&self, line: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
        let mut first = vec![0; BUFFER];
        let length = timeout(FIRST, line.read(&mut first)).await??;
        first.truncate(length);
        let fate = self.fate(first.starts_with(b"POST "));
        if fate == Fate::Reset {
            return Ok(());
        }
        let far = connect(&self.shared.upstream).await?;
        Box::pin(self.join(line, far, fate, &first)).await
    }

    fn fate(&self, changes: bool) -> Fate {
        let rules = self.rules();
        if !changes {
            return Fate::Passed;
        }
        let shares = [
            (rules.reset, Fate::Reset),
            (rules.drop_answers, Fate::Dropped),
            (rules.silence, Fate::Silenced),
        ];
        let mut drawn = self.shared.chance.unit();
        for (share, fate) in shares {
            if drawn < share {
                self.shared.hit.fetch_add(1, Ordering::Relaxed);
                return fate;
            }
            drawn -= share;
        }
        Fate::Passed
    }

    /// Carries bytes both ways until one side closes.
    async fn join(
        &self,
        near: impl AsyncRead + AsyncWrite + Unpin,
        far: impl AsyncRead + AsyncWrite + Unpin,
        fate: Fate,
        first: &[u8],
    ) -> io::Result<()> {
        let (mut near_in, mut near_out) = tokio::io::split(near);
        let (mut far_in, mut far_out) = tokio::io::split(far);
        far_out.write_all(first).await?;
        let there = self.copy(&mut near_in, &mut far_out, false);
        let back = async {
            if fate == Fate::Passed {
                return self.copy(&mut far_in, &mut near_out, true).await;
            }
            // The answer comes as far as this: the request was read and acted on.
            let mut swallowed = [0; BUFFER];
            let length = far_in.read(&mut swallowed).await?;
            if fate == Fate::Silenced && length > 0 {
                sleep(Duration::from_mins(5)).await;
            }
            Ok(())
        };
        tokio::select! {
            done = there => done,
            done = back => done,
        }
    }

    async fn copy(
        &self,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
        is_answer: bool,
    ) -> io::Result<()> {
        let mut buffer = vec![0; BUFFER];
        loop {
            let length = from.read(&mut buffer).await?;
            if length == 0 {
                to.shutdown().await?;
                return Ok(());
            }
            let rules = self.rules();
            if rules.black_hole {
                continue;
            }
            if is_answer && !rules.delay.is_zero() {
                sleep(rules.delay).await;
            }
            if rules.bytes_per_second > 0 {
                sleep(Duration::from_secs_f64(
                    length as f64 / rules.bytes_per_second as f64,
                ))
                .await;
            }
            to.write_all(&buffer[..length]).await?;
        }
    }
}

async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotConnected);
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(far) => {
                let _ = far.set_nodelay(true);
                return Ok(far);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers each line with what it got, in capitals, and counts what it got.
    async fn echo() -> (SocketAddr, Arc<AtomicU64>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(AtomicU64::new(0));
        let count = heard.clone();
        tokio::spawn(async move {
            while let Ok((mut line, _)) = listener.accept().await {
                let count = count.clone();
                tokio::spawn(async move {
                    let mut buffer = [0; 100];
                    while let Ok(length @ 1..) = line.read(&mut buffer).await {
                        count.fetch_add(1, Ordering::Relaxed);
                        let loud = buffer[..length].to_ascii_uppercase();
                        if line.write_all(&loud).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        (address, heard)
    }

    async fn ask(address: SocketAddr, text: &str) -> io::Result<String> {
        let mut line = TcpStream::connect(address).await?;
        line.write_all(text.as_bytes()).await?;
        let mut buffer = [0; 100];
        let length = line.read(&mut buffer).await?;
        Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    #[tokio::test]
    async fn what_passes_is_answered_and_a_dropped_answer_was_heard_all_the_same() {
        let (far, heard) = echo().await;
        let (proxy, near) = Proxy::tcp(vec![far], 1).await.unwrap();
        assert_eq!(ask(near, "post hello").await.unwrap(), "POST HELLO");
        proxy.set(Rules {
            drop_answers: 1.0,
            ..Rules::default()
        });
        assert_eq!(ask(near, "POST /x").await.unwrap_or_default(), "");
        assert_eq!(heard.load(Ordering::Relaxed), 2);
        // Only what changes something is robbed.
        assert_eq!(ask(near, "GET /x").await.unwrap(), "GET /X");
        proxy.set(Rules {
            reset: 1.0,
            ..Rules::default()
        });
        assert_eq!(ask(near, "POST /y").await.unwrap_or_default(), "");
        assert_eq!((heard.load(Ordering::Relaxed), proxy.hits()), (3, 2));
        proxy.heal();
        assert_eq!(ask(near, "POST /z").await.unwrap(), "POST /Z");
    }

    #[tokio::test]
    async fn lines_are_cut_refused_and_led_to_who_is_there() {
        let (far, _) = echo().await;
        let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gone = nobody.local_addr().unwrap();
        drop(nobody);
        let (proxy, near) = Proxy::tcp(vec![gone, far], 1).await.unwrap();
        let mut line = TcpStream::connect(near).await.unwrap();
        line.write_all(b"a").await.unwrap();
        let mut one = [0; 1];
        line.read_exact(&mut one).await.unwrap();
        assert_eq!(&one, b"A");
        proxy.cut();
        assert!(matches!(line.read(&mut one).await, Ok(0) | Err(_)));
        proxy.set(Rules {
            down: true,
            ..Rules::default()
        });
        assert_eq!(ask(near, "a").await.unwrap_or_default(), "");
    }

    #[tokio::test]
    async fn a_stranded_line_is_silent_and_open_and_a_new_one_gets_through() {
        let (far, _) = echo().await;
        let (proxy, near) = Proxy::tcp(vec![far], 1).await.unwrap();
        let mut line = TcpStream::connect(near).await.unwrap();
        let mut one = [0; 1];
        line.write_all(b"a").await.unwrap();
        line.read_exact(&mut one).await.unwrap();
        proxy.strand();
        line.write_all(b"b").await.unwrap();
        assert_eq!(ask(near, "c").await.unwrap(), "C");
        let silent = timeout(Duration::from_millis(50), line.read(&mut one)).await;
        assert!(silent.is_err(), "{silent:?}");
        proxy.cut();
        assert!(matches!(line.read(&mut one).await, Ok(0) | Err(_)));
    }
}
