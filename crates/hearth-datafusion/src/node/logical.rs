//! The step in the logical plan.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::common::{DFSchema, DFSchemaRef, Result, plan_err};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};
use hearth::border::{Border, Layout};
use hearth::{BoundPipeline, Pipeline, PipelineModel, Session, StageSpec};

use crate::error::planned;

pub(super) const NAME: &str = "Hearth";

/// A pipeline, where it runs, and in which form its columns leave it.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) session: Session,
    pub(super) pipeline: Pipeline,
    pub(super) border: Border,
    pub(super) model: PipelineModel,
}

impl Step {
    pub(super) fn new(session: &Session, pipeline: &Pipeline, border: &Border) -> Result<Self> {
        Ok(Step {
            session: session.clone(),
            pipeline: pipeline.clone().rooted(),
            border: border.clone(),
            model: session.plan(pipeline).map_err(planned("hearth"))?,
        })
    }

    pub(super) fn bind(&self, input: &Schema) -> Result<BoundPipeline> {
        let bound = self
            .model
            .bind(input)
            .and_then(|bound| bound.with_border(&self.border));
        bound.map_err(planned("hearth"))
    }

    /// What it does, in a word for each stage.
    pub(super) fn words(&self) -> String {
        let word = |stage: &StageSpec| {
            let model = stage
                .parameters
                .get("model")
                .and_then(|model| model.as_str());
            model.map_or(stage.kind.clone(), |model| {
                format!("{} {model}", stage.kind)
            })
        };
        let words: Vec<String> = self.pipeline.stages.iter().map(word).collect();
        words.join(", ")
    }

    /// Whether a row may become several.
    pub(super) fn several(&self, bound: &BoundPipeline) -> bool {
        bound.explodes() || matches!(self.border.layout, Layout::Rows(_))
    }
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        self.session == other.session
            && self.pipeline == other.pipeline
            && self.border == other.border
    }
}

/// A pipeline over the rows of its input.
#[derive(Debug, Clone)]
pub struct HearthNode {
    pub(super) step: Arc<Step>,
    input: LogicalPlan,
    schema: DFSchemaRef,
    /// Columns of the input that are read, and for each column of the output the one that it is.
    reads: Vec<usize>,
    replaced: Vec<usize>,
    passed: Vec<Option<usize>>,
    several: bool,
}

impl HearthNode {
    /// A pipeline over a plan's rows.
    ///
    /// # Errors
    /// What is wrong with the pipeline, or with a column that it reads.
    pub fn new(
        session: &Session,
        pipeline: &Pipeline,
        border: &Border,
        input: LogicalPlan,
    ) -> Result<Self> {
        Self::of(Arc::new(Step::new(session, pipeline, border)?), input)
    }

    pub(super) fn of(step: Arc<Step>, input: LogicalPlan) -> Result<Self> {
        let fields = input.schema();
        let mut names = HashSet::new();
        if let Some((_, twin)) = fields.iter().find(|(_, field)| !names.insert(field.name())) {
            return plan_err!(
                "hearth: two columns are called '{}', and a pipeline finds columns by name: rename one",
                twin.name()
            );
        }
        let bound = step.bind(fields.as_arrow())?;
        let passed = bound.passed();
        let qualified = bound
            .schema()
            .fields()
            .iter()
            .zip(&passed)
            .map(|(field, from)| {
                let qualifier = from.and_then(|from| fields.qualified_field(from).0.cloned());
                (qualifier, field.clone())
            });
        let schema =
            DFSchema::new_with_metadata(qualified.collect(), bound.schema().metadata().clone())?;
        let replaced = bound.replaced();
        let place = |name: &&str| fields.as_arrow().index_of(name).ok();
        Ok(HearthNode {
            reads: bound.reads(),
            replaced: replaced.iter().filter_map(place).collect(),
            several: step.several(&bound),
            passed,
            schema: Arc::new(schema),
            input,
            step,
        })
    }
}

impl PartialEq for HearthNode {
    fn eq(&self, other: &Self) -> bool {
        self.step == other.step && self.input == other.input
    }
}

impl Eq for HearthNode {}

impl Hash for HearthNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.step.pipeline.to_json().hash(state);
        self.input.hash(state);
    }
}

impl PartialOrd for HearthNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match self == other {
            true => Some(Ordering::Equal),
            false => self
                .input
                .partial_cmp(&other.input)
                .filter(|order| order.is_ne()),
        }
    }
}

impl UserDefinedLogicalNodeCore for HearthNode {
    fn name(&self) -> &str {
        NAME
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    /// Filters on columns that the pipeline makes stay above it, and all of them where rows are numbered.
    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        let numbered = matches!(self.step.border.layout, Layout::Rows(_));
        let made = self.schema.fields().iter().zip(&self.passed);
        made.filter(|(_, from)| numbered || from.is_none())
            .map(|(field, _)| field.name().clone())
            .collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME}: {}", self.step.words())
    }

    fn with_exprs_and_inputs(
        &self,
        exprs: Vec<Expr>,
        mut inputs: Vec<LogicalPlan>,
    ) -> Result<Self> {
        match (exprs.is_empty(), inputs.pop(), inputs.is_empty()) {
            (true, Some(input), true) => Self::of(self.step.clone(), input),
            _ => plan_err!("{NAME} has one input and no expressions"),
        }
    }

    /// What the pipeline reads, what it replaces where it stands, and what of the input is asked for. Columns that were picked
    /// are all there is.
    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let asked = match &self.step.border.columns {
            None => output_columns
                .iter()
                .filter_map(|&column| self.passed[column])
                .collect::<Vec<_>>(),
            Some(_) => self.passed.iter().filter_map(|from| *from).collect(),
        };
        let kept = self.reads.iter().chain(&self.replaced).copied();
        let mut needed: Vec<usize> = kept.chain(asked).collect();
        needed.sort_unstable();
        needed.dedup();
        Some(vec![needed])
    }

    fn supports_limit_pushdown(&self) -> bool {
        !self.several
    }
}
