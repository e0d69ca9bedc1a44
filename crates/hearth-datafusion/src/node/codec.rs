//! The step, and the settings of functions, as bytes: for plans that travel.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::{Result, TableReference, exec_datafusion_err, internal_err};
use datafusion::datasource::TableProvider;
use datafusion::datasource::file_format::FileFormatFactory;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{Extension, LogicalPlan, ScalarUDF};
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::logical_plan::LogicalExtensionCodec;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use hearth::border::{Border, Layout, Offsets};
use hearth::{Pipeline, Session};
use serde_json::{Value, json};

use super::logical::Step;
use super::{HearthExec, HearthNode};
use crate::udf;

/// What the bytes begin with.
const MAGIC: &[u8] = b"hearth-1 ";

/// Codec of logical plans with pipelines in them. They run in the session that is given where they are decoded; paths of
/// models must lead to the same files there.
#[derive(Debug, Clone)]
pub struct HearthLogicalCodec {
    session: Session,
    others: Arc<dyn LogicalExtensionCodec>,
}

/// Codec of physical plans with pipelines in them, as [`HearthLogicalCodec`].
#[derive(Debug, Clone)]
pub struct HearthPhysicalCodec {
    session: Session,
    others: Arc<dyn PhysicalExtensionCodec>,
}

impl HearthLogicalCodec {
    /// A codec that hands on to `others` what is not of this crate.
    #[must_use]
    pub fn new(session: &Session, others: Arc<dyn LogicalExtensionCodec>) -> Self {
        HearthLogicalCodec {
            session: session.clone(),
            others,
        }
    }
}

impl HearthPhysicalCodec {
    /// A codec that hands on to `others` what is not of this crate.
    #[must_use]
    pub fn new(session: &Session, others: Arc<dyn PhysicalExtensionCodec>) -> Self {
        HearthPhysicalCodec {
            session: session.clone(),
            others,
        }
    }
}

fn encode(step: &Step, buf: &mut Vec<u8>) -> Result<()> {
    let (layout, offsets) = match step.border.layout {
        Layout::Nested(offsets) => ("nested", Some(offsets)),
        Layout::Rows(offsets) => ("rows", Some(offsets)),
        Layout::Spark => ("spark", None),
    };
    let said = json!({
        "pipeline": step.pipeline.to_json(),
        "layout": layout,
        "offsets": offsets.map(|offsets| offsets.to_string()),
        "columns": step.border.columns,
    });
    buf.extend_from_slice(MAGIC);
    serde_json::to_writer(buf, &said).map_err(|error| exec_datafusion_err!("hearth: {error}"))
}

/// The step of bytes that [`encode`] wrote; `None` for those of others.
fn decode(session: &Session, buf: &[u8]) -> Result<Option<Step>> {
    let Some(said) = buf.strip_prefix(MAGIC) else {
        return Ok(None);
    };
    let damaged =
        |what: &str| exec_datafusion_err!("hearth: a plan that was sent is damaged: {what}");
    let said: Value = serde_json::from_slice(said).map_err(|error| damaged(&error.to_string()))?;
    let text = |key: &str| said[key].as_str().ok_or_else(|| damaged(key));
    let offsets = || {
        text("offsets")?
            .parse::<Offsets>()
            .map_err(|error| damaged(&error))
    };
    let layout = match text("layout")? {
        "nested" => Layout::Nested(offsets()?),
        "rows" => Layout::Rows(offsets()?),
        "spark" => Layout::Spark,
        other => return Err(damaged(other)),
    };
    let columns = serde_json::from_value(said["columns"].clone());
    let border = Border {
        layout,
        columns: columns.map_err(|error| damaged(&error.to_string()))?,
    };
    let pipeline = Pipeline::from_json(text("pipeline")?, "");
    let pipeline = pipeline.map_err(|error| damaged(&error.to_string()))?;
    Ok(Some(Step::new(session, &pipeline, &border)?))
}

impl LogicalExtensionCodec for HearthLogicalCodec {
    fn try_decode(
        &self,
        buf: &[u8],
        inputs: &[LogicalPlan],
        ctx: &TaskContext,
    ) -> Result<Extension> {
        match (decode(&self.session, buf)?, inputs) {
            (Some(step), [input]) => Ok(Extension {
                node: Arc::new(HearthNode::of(Arc::new(step), input.clone())?),
            }),
            (Some(_), inputs) => internal_err!("Hearth has one input, not {}", inputs.len()),
            (None, inputs) => self.others.try_decode(buf, inputs, ctx),
        }
    }

    fn try_encode(&self, node: &Extension, buf: &mut Vec<u8>) -> Result<()> {
        match node.node.as_any().downcast_ref::<HearthNode>() {
            Some(node) => encode(&node.step, buf),
            None => self.others.try_encode(node, buf),
        }
    }

    fn try_decode_table_provider(
        &self,
        buf: &[u8],
        table_ref: &TableReference,
        schema: SchemaRef,
        ctx: &TaskContext,
    ) -> Result<Arc<dyn TableProvider>> {
        self.others
            .try_decode_table_provider(buf, table_ref, schema, ctx)
    }

    fn try_encode_table_provider(
        &self,
        table_ref: &TableReference,
        node: Arc<dyn TableProvider>,
        buf: &mut Vec<u8>,
    ) -> Result<()> {
        self.others.try_encode_table_provider(table_ref, node, buf)
    }

    fn try_decode_file_format(
        &self,
        buf: &[u8],
        ctx: &TaskContext,
    ) -> Result<Arc<dyn FileFormatFactory>> {
        self.others.try_decode_file_format(buf, ctx)
    }

    fn try_encode_file_format(
        &self,
        buf: &mut Vec<u8>,
        node: Arc<dyn FileFormatFactory>,
    ) -> Result<()> {
        self.others.try_encode_file_format(buf, node)
    }

    fn try_decode_udf(&self, name: &str, buf: &[u8]) -> Result<Arc<ScalarUDF>> {
        match udf::decode(&self.session, name, buf)? {
            Some(udf) => Ok(udf),
            None => self.others.try_decode_udf(name, buf),
        }
    }

    fn try_encode_udf(&self, node: &ScalarUDF, buf: &mut Vec<u8>) -> Result<()> {
        match udf::encode(node, buf)? {
            true => Ok(()),
            false => self.others.try_encode_udf(node, buf),
        }
    }
}

impl PhysicalExtensionCodec for HearthPhysicalCodec {
    fn try_decode(
        &self,
        buf: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        ctx: &TaskContext,
        proto_converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (decode(&self.session, buf)?, inputs) {
            (Some(step), [input]) => Ok(Arc::new(HearthExec::of(Arc::new(step), input.clone())?)),
            (Some(_), inputs) => internal_err!("HearthExec has one input, not {}", inputs.len()),
            (None, inputs) => self.others.try_decode(buf, inputs, ctx, proto_converter),
        }
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        buf: &mut Vec<u8>,
        proto_converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        match node.downcast_ref::<HearthExec>() {
            Some(exec) => encode(&exec.step, buf),
            None => self.others.try_encode(node, buf, proto_converter),
        }
    }

    fn try_decode_udf(&self, name: &str, buf: &[u8]) -> Result<Arc<ScalarUDF>> {
        match udf::decode(&self.session, name, buf)? {
            Some(udf) => Ok(udf),
            None => self.others.try_decode_udf(name, buf),
        }
    }

    fn try_encode_udf(&self, node: &ScalarUDF, buf: &mut Vec<u8>) -> Result<()> {
        match udf::encode(node, buf)? {
            true => Ok(()),
            false => self.others.try_encode_udf(node, buf),
        }
    }
}
