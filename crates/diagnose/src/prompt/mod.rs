//! The words a model is given.

use minijinja::{Environment, context};

/// What the opening holds; empty texts are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Opening {
    /// The task, fenced.
    pub task: String,
    /// How many steps.
    pub steps: usize,
    /// How many stages.
    pub stages: usize,
    /// How the run ended, where that may be told.
    pub outcome: String,
    /// Lessons of other runs, fenced.
    pub lessons: String,
    /// The folded tree.
    pub tree: String,
    /// What the offline engine found.
    pub offline: String,
    /// Steps that were opened beforehand.
    pub shown: String,
    /// How much of the run these steps are; said only where they are all there is.
    pub extent: String,
}

/// A template that cannot be rendered: a fault of this program.
#[derive(Debug, thiserror::Error)]
#[error("prompt template: {0}")]
pub struct PromptError(#[from] minijinja::Error);

/// The standing instructions. `mark` is that of the fence, `stages` how many stages must be looked at.
///
/// # Errors
/// When the template is broken.
pub fn system(mark: &str, stages: usize) -> Result<String, PromptError> {
    let text = Environment::new().render_str(
        include_str!("system.md"),
        context! { mark => mark, stages => stages },
    )?;
    Ok(text)
}

/// The standing instructions where the run is shown in one prompt.
///
/// # Errors
/// When the template is broken.
pub fn direct(mark: &str) -> Result<String, PromptError> {
    let text =
        Environment::new().render_str(include_str!("direct.md"), context! { mark => mark })?;
    Ok(text)
}

/// The case as it is put before the model.
///
/// # Errors
/// When the template is broken.
pub fn opening(opening: &Opening) -> Result<String, PromptError> {
    let values = minijinja::Value::from(minijinja::value::Serde(opening));
    Ok(Environment::new().render_str(include_str!("opening.md"), values)?)
}
