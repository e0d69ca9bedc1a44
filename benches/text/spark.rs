//! Spark NLP itself, in a process of its own that waits for its turn.

use std::cell::RefCell;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::case::{Case, Task};
use crate::corpus::Corpus;

/// `spark_nlp/rounds.py` at work: it answers the name of a corpus with the number of its tokens, once it has annotated it.
struct Process {
    child: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(lab: &Path, inputs: &[String]) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("text/spark_nlp/rounds.py");
        let mut child = Command::new(lab.join("venv/bin/python"))
            .arg(script)
            .arg(lab.join("jars"))
            .args(inputs)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("no Spark NLP in {}", lab.display()))?;
        let (Some(questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("Spark NLP has no standard input and output");
        };
        Ok(Process {
            child,
            questions,
            answers: BufReader::new(answers).lines(),
        })
    }

    fn ask(&mut self, corpus: &str) -> Result<usize> {
        writeln!(self.questions, "{corpus}")?;
        let answer = self.answers.next().context("Spark NLP has ended")??;
        answer
            .parse()
            .with_context(|| format!("Spark NLP answered {answer:?}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A case per corpus, all by one process. Each corpus is run a few times before, for the JVM's compiler.
pub(crate) fn cases<'c>(
    lab: &Path,
    corpora: impl Iterator<Item = &'c Corpus>,
) -> Result<Vec<Case<'static>>> {
    let mut inputs = Vec::new();
    let mut sizes = Vec::new();
    for corpus in corpora {
        let path = lab.join(format!("{}.jsonl", corpus.name));
        let mut file = BufWriter::new(File::create(&path)?);
        for document in &corpus.documents {
            writeln!(file, "{}", json!({ "text": document }))?;
        }
        file.flush()?;
        inputs.push(format!("{}={}", corpus.name, path.display()));
        sizes.push((corpus.name, corpus.bytes()));
    }
    let process = Rc::new(RefCell::new(Process::start(lab, &inputs)?));
    let case = |(corpus, bytes)| {
        let process = process.clone();
        Case {
            task: Task::Columns,
            corpus,
            program: "Spark NLP 5.5.3, local[1]",
            bytes,
            run: Box::new(move || process.borrow_mut().ask(corpus)),
        }
    };
    Ok(sizes.into_iter().map(case).collect())
}
