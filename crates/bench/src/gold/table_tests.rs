//! Manifests as Parquet, written here column by column.

use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::*;

const SCHEMA: &str = "message manifest {
    required binary traj_id (UTF8);
    optional binary task_name (UTF8);
    optional boolean solved;
    optional int32 step_count;
    optional group stages (LIST) { repeated group list { optional group element {
        optional int64 stage_id; optional int64 start_step_id; optional int64 end_step_id; } } }
    optional group incorrect_stages (LIST) { repeated group list { optional group element {
        optional int64 stage_id;
        optional group incorrect_step_ids (LIST) { repeated group list { optional int64 element; } }
    } } }
    optional binary artifact_path (UTF8);
}";

/// Writes the next column: values, definition levels and repetition levels.
fn column<T: DataType, W: std::io::Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    levels: &[i16],
    repeats: &[i16],
) {
    let mut column = group.next_column().unwrap().unwrap();
    let some = |levels| (!<[i16]>::is_empty(levels)).then_some(levels);
    column
        .typed::<T>()
        .write_batch(values, some(levels), some(repeats))
        .unwrap();
    column.close().unwrap();
}

/// Two rows: one with everything, one with no stages and an empty list of incorrect ones.
fn write(path: &Path, compression: Compression) {
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let properties = WriterProperties::builder().set_compression(compression);
    let file = std::fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties.build())).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let text = |text: &str| ByteArray::from(text);
    column::<ByteArrayType, _>(&mut group, &[text("t1"), text("t2")], &[], &[]);
    column::<ByteArrayType, _>(&mut group, &[text("words")], &[1, 0], &[]);
    column::<BoolType, _>(&mut group, &[false], &[1, 0], &[]);
    column::<Int32Type, _>(&mut group, &[6, 9], &[1, 1], &[]);
    for numbers in [[1, 2], [1, 5], [4, 6]] {
        column::<Int64Type, _>(&mut group, &numbers, &[4, 4, 0], &[0, 1, 0]);
    }
    column::<Int64Type, _>(&mut group, &[2], &[4, 1], &[0, 0]);
    column::<Int64Type, _>(&mut group, &[5, 6], &[6, 6, 1], &[0, 2, 0]);
    column::<ByteArrayType, _>(&mut group, &[text("a/t1.tar.zst")], &[1, 0], &[]);
    group.close().unwrap();
    writer.close().unwrap();
}

fn steps(numbers: &[u32]) -> BTreeSet<StepId> {
    numbers.iter().filter_map(|n| StepId::new(*n)).collect()
}

#[test]
fn a_manifest_is_read_whatever_packs_it() {
    let folder = tempfile::tempdir().unwrap();
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(parquet::basic::GzipLevel::default()),
        Compression::ZSTD(parquet::basic::ZstdLevel::default()),
    ] {
        let path = folder.path().join("manifest.parquet");
        write(&path, compression);
        let sets = load(&path).unwrap();
        let [first, second] = sets[0].runs.as_slice() else {
            panic!("{sets:?}")
        };
        assert_eq!((first.run.as_str(), first.task.as_str()), ("t1", "words"));
        assert_eq!((first.solved, first.step_count), (Some(false), Some(6)));
        assert_eq!(first.incorrect, Some(steps(&[5, 6])));
        assert_eq!(first.stages.as_ref().map(Vec::len), Some(2));
        assert_eq!(first.error_stages, Some(BTreeSet::from([2])));
        assert_eq!(first.path.as_deref(), Some("a/t1.tar.zst"));
        assert_eq!(second.incorrect, Some(BTreeSet::new()));
        assert_eq!((second.stages.as_ref(), second.solved), (None, None));
    }
}

#[test]
fn a_damaged_table_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("manifest.parquet");
    write(&path, Compression::SNAPPY);
    let whole = std::fs::read(&path).unwrap();
    for cut in [4, 9, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        assert!(load(&path).is_err(), "{cut}");
    }
    let mut bent = whole;
    for at in (4..bent.len()).step_by(7) {
        bent[at] ^= 0x5a;
    }
    std::fs::write(&path, &bent).unwrap();
    assert!(load(&path).is_err());
}
