//! Writes the seeds of all targets into `<folder>/<target>/`, in place of those that are there.

fn main() {
    let folder = std::env::args().nth(1).expect("usage: seeds FOLDER");
    for (target, all) in tower_entra_fuzz::seeds::all() {
        let folder = std::path::Path::new(&folder).join(target);
        std::fs::create_dir_all(&folder).unwrap();
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            if entry.file_name().to_string_lossy().starts_with("seed-") {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
        for (number, seed) in all.iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number:03}")), seed).unwrap();
        }
    }
}
