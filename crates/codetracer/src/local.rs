//! Where the coding agents of this machine keep their sessions.

use std::path::{Path, PathBuf};

use formats::Run;

use crate::input::Input;

/// One place where an agent keeps its sessions.
struct Home {
    /// The agent, as people call it.
    agent: &'static str,
    /// The variables that move it, and what stands below their values; the first that is set counts.
    variables: &'static [(&'static str, &'static str)],
    /// Where it is otherwise, below the user's home.
    usual: &'static [&'static str],
    /// Where it is besides, below the user's home, whatever the variables say.
    besides: &'static [&'static str],
}

/// The agents' own words for where they keep sessions: their documentation, or their source.
const HOMES: &[Home] = &[
    Home {
        agent: "Claude Code",
        variables: &[("CLAUDE_CONFIG_DIR", "projects")],
        usual: &[".claude/projects", ".config/claude/projects"],
        besides: &[],
    },
    Home {
        agent: "Cline",
        variables: &[("CLINE_DATA_DIR", "sessions")],
        usual: &[".cline/data/sessions"],
        besides: &[
            ".config/Code/User/globalStorage/saoudrizwan.claude-dev/tasks",
            "Library/Application Support/Code/User/globalStorage/saoudrizwan.claude-dev/tasks",
        ],
    },
    Home {
        agent: "Codex",
        variables: &[("CODEX_HOME", "sessions")],
        usual: &[".codex/sessions"],
        besides: &[],
    },
    Home {
        agent: "Continue",
        variables: &[("CONTINUE_GLOBAL_DIR", "sessions")],
        usual: &[".continue/sessions"],
        besides: &[],
    },
    Home {
        agent: "GitHub Copilot CLI",
        variables: &[("COPILOT_HOME", "session-state")],
        usual: &[".copilot/session-state"],
        besides: &[],
    },
    Home {
        agent: "Gemini CLI",
        variables: &[],
        usual: &[".gemini/tmp"],
        besides: &[],
    },
    Home {
        agent: "goose",
        variables: &[
            ("GOOSE_PATH_ROOT", "data/sessions"),
            ("XDG_DATA_HOME", "goose/sessions"),
        ],
        usual: &[
            ".local/share/goose/sessions",
            "Library/Application Support/goose/sessions",
        ],
        besides: &[],
    },
    Home {
        agent: "Kimi CLI",
        variables: &[("KIMI_SHARE_DIR", "sessions")],
        usual: &[".kimi/sessions"],
        besides: &[],
    },
    Home {
        agent: "OpenHands",
        variables: &[],
        usual: &[".openhands/sessions", ".openhands/conversations"],
        besides: &[],
    },
    Home {
        agent: "opencode",
        variables: &[("XDG_DATA_HOME", "opencode")],
        usual: &[".local/share/opencode"],
        besides: &[],
    },
    Home {
        agent: "Qwen Code",
        variables: &[],
        usual: &[".qwen/projects", ".qwen/tmp"],
        besides: &[],
    },
    Home {
        agent: "Roo Code",
        variables: &[],
        usual: &[
            ".config/Code/User/globalStorage/rooveterinaryinc.roo-cline/tasks",
            "Library/Application Support/Code/User/globalStorage/rooveterinaryinc.roo-cline/tasks",
        ],
        besides: &[],
    },
];

/// The session folders that exist on this machine: where a variable says so, there instead of
/// the usual place.
///
/// `variable` gives the value of an environment variable, `home` is the user's home folder.
pub(crate) fn folders(
    variable: impl Fn(&str) -> Option<PathBuf>,
    home: Option<&Path>,
) -> Vec<PathBuf> {
    let below_home = |places: &[&str]| -> Vec<PathBuf> {
        let home = home.into_iter();
        home.flat_map(|home| places.iter().map(|at| home.join(at)))
            .collect()
    };
    let mut found: Vec<PathBuf> = HOMES
        .iter()
        .flat_map(|agent| {
            let mut moved = agent.variables.iter().filter_map(|(name, below)| {
                let value = variable(name).filter(|value| !value.as_os_str().is_empty())?;
                Some(value.join(below))
            });
            let mut places = moved
                .next()
                .map_or_else(|| below_home(agent.usual), |moved| vec![moved]);
            places.extend(below_home(agent.besides));
            places
        })
        .filter(|folder| folder.is_dir())
        .collect();
    found.sort();
    found.dedup();
    found
}

/// The runs that were written last, newest first, at most `most`.
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
    #[test]
    fn a_variable_moves_only_the_place_it_names() {
        let home = tempfile::tempdir().unwrap();
        let folder = |below: &str| {
            let folder = home.path().join(below);
            std::fs::create_dir_all(&folder).unwrap();
            folder
        };
        let tasks = folder(".config/Code/User/globalStorage/saoudrizwan.claude-dev/tasks");
        let goose = folder("data/goose/sessions");
        folder(".cline/data/sessions");
        folder(".local/share/goose/sessions");
        let moved = folder("cline/sessions");
        let variable = |name: &str| match name {
            "CLINE_DATA_DIR" => Some(home.path().join("cline")),
            "XDG_DATA_HOME" => Some(home.path().join("data")),
            _ => None,
        };
        let mut expected = [tasks, moved, goose];
        expected.sort();
        assert_eq!(folders(variable, Some(home.path())), expected);
    }
}
