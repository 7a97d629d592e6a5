//! The published JSON Schemas of the profile files under `docs/schema/` are those of the types.

use std::path::Path;

/// Set this variable to write the files anew after a change of the types.
const UPDATE: &str = "UPDATE_SCHEMAS";

#[test]
fn published_schemas_are_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
    for (name, schema) in export::json_schemas() {
        let path = folder.join(name);
        let current = serde_json::to_string_pretty(&schema.to_value()).unwrap() + "\n";
        if std::env::var_os(UPDATE).is_some() {
            std::fs::write(&path, &current).unwrap();
        }
        let published = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            published == current,
            "docs/schema/{name} is out of date; run the test with {UPDATE}=1"
        );
    }
}
