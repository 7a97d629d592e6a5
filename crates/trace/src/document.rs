//! The versioned documents and their JSON Schemas.

use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};

use crate::{Comparison, Diagnosis, Trajectory};

/// The schema name every trajectory document carries. The number rises when a reader of the old
/// documents would misunderstand a new one; added fields do not raise it.
pub const TRAJECTORY_SCHEMA: &str = "codetracer.trajectory/1";

/// The schema name every diagnosis document carries; the rule of [`TRAJECTORY_SCHEMA`] holds.
pub const DIAGNOSIS_SCHEMA: &str = "codetracer.diagnosis/1";

/// The schema name every comparison document carries; the rule of [`TRAJECTORY_SCHEMA`] holds.
pub const COMPARISON_SCHEMA: &str = "codetracer.comparison/1";

/// A trajectory as a document that names its schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrajectoryDocument {
    /// Always [`TRAJECTORY_SCHEMA`].
    pub schema: String,
    /// The trajectory itself.
    #[serde(flatten)]
    pub trajectory: Trajectory,
}

impl TrajectoryDocument {
    /// Wraps a trajectory with the current schema name.
    #[must_use]
    pub fn new(trajectory: Trajectory) -> Self {
        Self {
            schema: TRAJECTORY_SCHEMA.to_owned(),
            trajectory,
        }
    }
}

/// The JSON Schemas of all documents, each with the file name it is published under.
#[must_use]
pub fn json_schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("trajectory-1.schema.json", schema_for!(TrajectoryDocument)),
        ("diagnosis-1.schema.json", schema_for!(Diagnosis)),
        ("comparison-1.schema.json", schema_for!(Comparison)),
    ]
}
