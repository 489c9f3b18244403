//! Are the ports free? Asked before anything starts.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, TcpListener},
};

use anyhow::bail;

/// Fails with a sentence that names the port and the flag to change it.
pub fn check(port: u16, flag: &str) -> anyhow::Result<()> {
    let Err(error) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) else {
        return Ok(());
    };
    let other = if port < 60_000 {
        port + 1_000
    } else {
        port - 1_000
    };
    match error.kind() {
        ErrorKind::AddrInUse => {
            bail!(
                "Port {port} is taken by another program. Stop that program, or choose another port: {flag} {other}"
            )
        }
        ErrorKind::PermissionDenied => {
            bail!("Port {port} is reserved for root. Choose a port from 1024 on: {flag} 4000")
        }
        _ => bail!(
            "Port {port} of 127.0.0.1 cannot be used: {error}. Choose another: {flag} {other}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_names_the_flag() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = check(port, "--port").unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("Port {port} is taken by another program.")),
            "{error}"
        );
        assert!(error.contains("--port "), "{error}");
        drop(taken);
        check(port, "--port").unwrap();
    }
}
