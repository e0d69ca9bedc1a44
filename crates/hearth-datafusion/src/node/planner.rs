//! From the logical plan to the physical one.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};

use super::{HearthExec, HearthNode};

/// Plans [`HearthNode`]s: as the query planner of a session, or as an extension of another one.
#[derive(Debug, Clone, Copy, Default)]
pub struct HearthPlanner;

#[async_trait]
impl QueryPlanner for HearthPlanner {
    async fn create_physical_plan(
        &self,
        logical_plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(HearthPlanner)])
            .create_physical_plan(logical_plan, session)
            .await
    }
}

#[async_trait]
impl ExtensionPlanner for HearthPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        match (node.as_any().downcast_ref::<HearthNode>(), physical_inputs) {
            (Some(node), [input]) => Ok(Some(Arc::new(HearthExec::of(
                node.step.clone(),
                input.clone(),
            )?))),
            _ => Ok(None),
        }
    }
}
