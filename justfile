# Short names for everyday work; `.ci/run` is what decides.

# List the recipes.
default:
    @just --list

# Everything a change must pass.
check:
    ./.ci/run

# All tests.
test:
    cargo test --workspace

# Accept changed snapshots; read the diff before committing it.
snapshots:
    INSTA_UPDATE=always cargo test --workspace

# Write docs/schema/ anew after a change of the types.
schemas:
    UPDATE_SCHEMAS=1 cargo test -p trace -p export --test schemas

# Diagnose the bundled run.
demo:
    cargo run --release -- demo

# Write the examples of the README anew.
readme:
    UPDATE_README=1 cargo test -p codetracer --test readme

# How fast extraction is.
bench:
    cargo bench -p formats
