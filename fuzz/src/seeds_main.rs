//! Writes the seeds of all targets into `<folder>/<target>/`.

fn main() {
    let folder = std::env::args().nth(1).expect("usage: seeds FOLDER");
    for (target, all) in tower_entra_fuzz::seeds::all() {
        let folder = std::path::Path::new(&folder).join(target);
        std::fs::create_dir_all(&folder).unwrap();
        for (number, seed) in all.iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number:03}")), seed).unwrap();
        }
    }
}
