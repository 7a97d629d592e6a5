//! Which meaning a tool name has.

/// The meanings a tool can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Shell,
    /// Keys for a program that an earlier call left running.
    Keys,
    Write,
    Replace,
    MultiEdit,
    /// One tool with a `command` argument that picks view, create, replace, insert or undo.
    Editor,
    Patch,
    Cell,
    Delete,
    Read,
    Search,
    Delegate,
    Message,
    Finish,
}

/// Tool names, compared without case, and what they mean. Sources: the tool lists in the `init`
/// events and system prompts of the agents named, and their published tool schemas.
pub(super) const NAMES: &[(Meaning, &[&str])] = &[
    (
        Meaning::Shell,
        &[
            "bash",  // Claude Code, mini-SWE-agent, opencode, SWE-agent
            "shell", // Codex, Goose, Kimi CLI
            "local_shell",
            "container.exec",
            "exec_command",
            "shell_command",
            "unified_exec", // Codex
            "execute_bash",
            "execute_powershell",
            "terminal",          // OpenHands
            "run_shell_command", // Gemini CLI, Qwen Code
            "run_terminal_cmd",
            "run_terminal_command",
            "runinterminal",
            "run_in_terminal", // IDE agents
            "execute_command",
            "run_command",
            "run_commands",     // Cline, Roo, Continue
            "developer__shell", // Goose
            "powershell",
            "run", // Copilot CLI, OpenHands events
        ],
    ),
    (
        Meaning::Keys,
        &[
            "write_stdin", // Codex
            "write_bash",
            "write_powershell", // Copilot CLI
        ],
    ),
    (
        Meaning::Write,
        &[
            "write",
            "write_file",
            "writefile",
            "write_to_file",
            "create_file",
            "create_new_file",
            "createfile",
            "create",
            "developer__write_file",
            "developer__write",
            "save_file",
        ],
    ),
    (
        Meaning::Replace,
        &[
            "edit",
            "edit_file",
            "replace",
            "replace_in_file",
            "str_replace",
            "strreplacefile",
            "single_find_and_replace",
            "edit_existing_file",
            "search_replace",
            "replace_string_in_file",
            "apply_diff",
            "edit_block",
            "search_and_replace", // Roo
            "developer__edit",
        ],
    ),
    (
        Meaning::MultiEdit,
        &["multiedit", "multi_edit", "multi_replace_string_in_file"],
    ),
    (
        Meaning::Editor,
        &[
            "str_replace_editor",
            "str_replace_based_edit_tool",
            "file_editor",
            "text_editor",
            "developer__text_editor",
            "editor",
            "insert_content", // Roo
        ],
    ),
    (
        Meaning::Patch,
        &["apply_patch", "applypatch", "patch", "apply_unified_diff"],
    ),
    (
        Meaning::Cell,
        &[
            "notebookedit",
            "edit_notebook",
            "edit_notebook_file",
            "notebook_edit",
        ],
    ),
    (
        Meaning::Delete,
        &["delete_file", "deletefile", "remove_file"],
    ),
    (
        Meaning::Read,
        &[
            "read",
            "read_file",
            "readfile",
            "view",
            "view_file",
            "cat",
            "open_file",
            "notebookread",
            "view_image",
            "read_many_files",
            "list_directory",
            "listdirectory",
            "ls",
            "list_files",
            "list_dir",
            "read_files", // Cline
            "list",       // opencode
            "tree",
            "developer__tree", // Goose
            "readmediafile",
            "list_code_definition_names",
            "read_currently_open_file",
            "read_file_range",
            "view_subdirectory", // Continue
        ],
    ),
    (
        Meaning::Search,
        &[
            "grep",
            "glob",
            "search",
            "search_file_content",
            "grep_search",
            "file_search",
            "search_files",
            "codebase_search",
            "semantic_search",
            "find",
            "rg",
            "glob_search",
            "web_search",
            "websearch",
            "google_web_search",
            "searchweb",
            "file_glob_search",
            "search_web",      // Continue
            "codesearch",      // opencode
            "search_codebase", // Cline
        ],
    ),
    (
        Meaning::Delegate,
        &[
            "task",
            "agent",
            "delegate",
            "new_task",
            "spawn_agent",
            "subagent",
            "use_subagents",
            "invoke_agent",
            "delegate_to_agent",
            "codebase_investigator",
            "generalist", // Gemini CLI
        ],
    ),
    (
        Meaning::Message,
        &[
            "think",
            "todowrite",
            "todo_write",
            "update_plan",
            "task_tracker",
            "write_todos",
            "exitplanmode",
            "enterplanmode",
            "exit_plan_mode",
            "askuserquestion",
            "ask_followup_question",
            "message",
            "todoread",
            "todo__todo_write",
            "todo__write", // Goose
            "plan_exit",
            "plan_enter",
            "update_todo_list",
            "plan_mode_respond",
            "act_mode_respond",
            "ask_question",
            "condense",
            "summarize_task",
            "settodolist",
            "ask_user",
            "enter_plan_mode",
            "update_topic",      // Gemini CLI
            "ask_user_question", // Qwen Code
            "report_intent",
            "update_todo", // Copilot CLI
            "askquestion",
            "checklist",
            "reportfailure",
            "status", // Continue
        ],
    ),
    (
        Meaning::Finish,
        &[
            "finish",
            "submit",
            "attempt_completion",
            "submit_and_exit",
            "task_complete",
            "final_answer",
            "complete_task",
        ],
    ),
];
