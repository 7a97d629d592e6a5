//! Where the coding agents of this machine keep their sessions.

use std::path::{Path, PathBuf};

use formats::Run;

use crate::input::Input;

/// One place where an agent keeps its sessions.
struct Home {
    /// The agent, as people call it.
    agent: &'static str,
    /// The variable that moves it, and what stands below its value.
    variable: Option<(&'static str, &'static str)>,
    /// Where it is otherwise, below the user's home.
    usual: &'static [&'static str],
}

/// The agents' own words for where they keep sessions: their documentation, or their source.
const HOMES: &[Home] = &[
    Home {
        agent: "Claude Code",
        variable: Some(("CLAUDE_CONFIG_DIR", "projects")),
        usual: &[".claude/projects", ".config/claude/projects"],
    },
    Home {
        agent: "Cline",
        variable: Some(("CLINE_DATA_DIR", "sessions")),
        usual: &[
            ".cline/data/sessions",
            ".config/Code/User/globalStorage/saoudrizwan.claude-dev/tasks",
            "Library/Application Support/Code/User/globalStorage/saoudrizwan.claude-dev/tasks",
        ],
    },
    Home {
        agent: "Codex",
        variable: Some(("CODEX_HOME", "sessions")),
        usual: &[".codex/sessions"],
    },
    Home {
        agent: "Continue",
        variable: Some(("CONTINUE_GLOBAL_DIR", "sessions")),
        usual: &[".continue/sessions"],
    },
    Home {
        agent: "GitHub Copilot CLI",
        variable: Some(("COPILOT_HOME", "session-state")),
        usual: &[".copilot/session-state"],
    },
    Home {
        agent: "Gemini CLI",
        variable: None,
        usual: &[".gemini/tmp"],
    },
    Home {
        agent: "goose",
        variable: Some(("GOOSE_PATH_ROOT", "data/sessions")),
        usual: &[
            ".local/share/goose/sessions",
            "Library/Application Support/goose/sessions",
        ],
    },
    Home {
        agent: "Kimi CLI",
        variable: Some(("KIMI_SHARE_DIR", "sessions")),
        usual: &[".kimi/sessions"],
    },
    Home {
        agent: "OpenHands",
        variable: None,
        usual: &[".openhands/sessions", ".openhands/conversations"],
    },
    Home {
        agent: "opencode",
        variable: Some(("XDG_DATA_HOME", "opencode")),
        usual: &[".local/share/opencode"],
    },
    Home {
        agent: "Qwen Code",
        variable: None,
        usual: &[".qwen/projects", ".qwen/tmp"],
    },
    Home {
        agent: "Roo Code",
        variable: None,
        usual: &[
            ".config/Code/User/globalStorage/rooveterinaryinc.roo-cline/tasks",
            "Library/Application Support/Code/User/globalStorage/rooveterinaryinc.roo-cline/tasks",
        ],
    },
];

/// The session folders that exist on this machine: where a variable says so, there alone.
///
/// `variable` gives the value of an environment variable, `home` is the user's home folder.
pub(crate) fn folders(
    variable: impl Fn(&str) -> Option<PathBuf>,
    home: Option<&Path>,
) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = HOMES
        .iter()
        .flat_map(|agent| {
            let moved = agent.variable.and_then(|(name, below)| {
                let value = variable(name).filter(|value| !value.as_os_str().is_empty())?;
                Some(vec![value.join(below)])
            });
            moved.unwrap_or_else(|| {
                let usual = agent.usual.iter();
                home.map_or_else(Vec::new, |home| usual.map(|at| home.join(at)).collect())
            })
        })
        .filter(|folder| folder.is_dir())
        .collect();
    found.sort();
    found.dedup();
    found
}

/// The runs whose files were written last, newest first, at most `most`.
pub(crate) fn newest(homes: &[Input], most: usize) -> Vec<(&Input, &Run)> {
    let all = homes
        .iter()
        .flat_map(|home| home.found.runs.iter().map(move |run| (home, run)));
    let mut dated: Vec<_> = all
        .map(|(home, run)| (home.written(run), home, run))
        .collect();
    dated.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.2.id.cmp(&b.2.id)));
    let newest = dated.into_iter().take(most);
    newest.map(|(_, home, run)| (home, run)).collect()
}

/// The agents that are looked for, for messages.
pub(crate) fn agents() -> String {
    let names: Vec<&str> = HOMES.iter().map(|home| home.agent).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_moves_an_agents_folder_and_absent_folders_are_left_out() {
        let home = tempfile::tempdir().unwrap();
        let usual = home.path().join(".codex/sessions");
        let moved = home.path().join("elsewhere/sessions");
        let claude = home.path().join(".claude/projects");
        for folder in [&usual, &moved, &claude] {
            std::fs::create_dir_all(folder).unwrap();
        }
        let none = |_: &str| None;
        assert_eq!(folders(none, Some(home.path())), [claude.clone(), usual]);
        let codex = |name: &str| (name == "CODEX_HOME").then(|| home.path().join("elsewhere"));
        assert_eq!(folders(codex, Some(home.path())), [claude, moved]);
        assert!(folders(none, None).is_empty());
    }
}
