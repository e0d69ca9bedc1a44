//! An HTTP server for tests: files with tags, and what can go wrong.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What a server does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Closes the connection after so many bytes of the body.
    Break(usize),
    /// A status and no file.
    Status(u16),
    /// Sends the whole file, whatever part was asked for.
    NoRanges,
    /// Sends other bytes of the same length.
    Wrong,
    /// Waits before it answers.
    Slow(Duration),
}

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<String, File>,
    /// What happens to the next GETs of a path, one each.
    acts: BTreeMap<String, VecDeque<Act>>,
    requests: Vec<Request>,
}

#[derive(Debug, Clone, Default)]
struct File {
    bytes: Vec<u8>,
    headers: Vec<(String, String)>,
    moved_to: Option<String>,
}

/// A server on a free port of this machine; it ends with the process.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let server = Self {
            url,
            state: state.clone(),
        };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let state = state.clone();
                // A client that goes away is not the server's failure.
                thread::spawn(move || drop(answer(stream.unwrap(), &state)));
            }
        });
        server
    }

    pub(crate) fn file(&self, path: &str, bytes: impl Into<Vec<u8>>, headers: &[(&str, &str)]) {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let file = File {
            bytes: bytes.into(),
            headers: headers.collect(),
            moved_to: None,
        };
        self.state
            .lock()
            .unwrap()
            .files
            .insert(path.to_owned(), file);
    }

    /// A path that is answered with 302, and headers of its own.
    pub(crate) fn moved(&self, path: &str, to: &str, headers: &[(&str, &str)]) {
        self.file(path, [], headers);
        let mut state = self.state.lock().unwrap();
        state.files.get_mut(path).unwrap().moved_to = Some(to.to_owned());
    }

    pub(crate) fn will(&self, path: &str, acts: impl IntoIterator<Item = Act>) {
        let mut state = self.state.lock().unwrap();
        state.acts.entry(path.to_owned()).or_default().extend(acts);
    }

    pub(crate) fn requests(&self, method: &str, path: &str) -> Vec<Request> {
        let state = self.state.lock().unwrap();
        let these = state
            .requests
            .iter()
            .filter(|request| request.method == method && request.path == path);
        these.cloned().collect()
    }
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    for line in lines {
        let line = line.ok()?;
        let Some((name, value)) = line.split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    Some(Request {
        method,
        path,
        headers,
    })
}

fn answer(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let Some(request) = read_request(&stream) else {
        return Ok(());
    };
    let (file, act) = {
        let mut state = state.lock().unwrap();
        state.requests.push(request.clone());
        let acts = state
            .acts
            .get_mut(&request.path)
            .filter(|_| request.method == "GET");
        let act = acts.and_then(VecDeque::pop_front);
        (state.files.get(&request.path).cloned(), act)
    };
    let mut status = 200;
    let mut headers = String::new();
    let mut body = Vec::new();
    match (&file, &act) {
        (_, Some(Act::Status(code))) => status = *code,
        (None, _) => status = 404,
        (Some(file), _) => {
            for (name, value) in &file.headers {
                headers += &format!("{name}: {value}\r\n");
            }
            body.clone_from(&file.bytes);
            let tag = file
                .headers
                .iter()
                .find(|(name, _)| name == "ETag")
                .map(|(_, tag)| tag);
            let if_match = request.headers.get("if-match");
            let from = request.headers.get("range").and_then(|range| {
                range
                    .strip_prefix("bytes=")?
                    .strip_suffix('-')?
                    .parse::<usize>()
                    .ok()
            });
            if let Some(to) = &file.moved_to {
                status = 302;
                headers += &format!("Location: {to}\r\n");
            } else if if_match.is_some() && if_match != tag {
                status = 412;
                body.clear();
            } else if let Some(from) = from.filter(|_| !matches!(act, Some(Act::NoRanges))) {
                if from >= body.len() {
                    status = 416;
                    body.clear();
                } else {
                    status = 206;
                    headers += &format!(
                        "Content-Range: bytes {from}-{}/{}\r\n",
                        body.len() - 1,
                        body.len()
                    );
                    body.drain(..from);
                }
            }
        }
    }
    if matches!(act, Some(Act::Wrong)) {
        body.iter_mut().for_each(|byte| *byte = !*byte);
    }
    if let Some(Act::Slow(pause)) = act {
        thread::sleep(pause);
    }
    write!(
        stream,
        "HTTP/1.1 {status} -\r\nConnection: close\r\nLast-Modified: Tue, 25 Aug 2020 07:25:36 GMT\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    )?;
    if request.method == "GET" {
        if let Some(Act::Break(at)) = act {
            body.truncate(at);
        }
        stream.write_all(&body)?;
    }
    stream.flush()?;
    stream.shutdown(std::net::Shutdown::Write)?;
    // What the client still sends is read, or the connection would be reset before it has all.
    let _ = stream.read(&mut [0; 64]);
    Ok(())
}
