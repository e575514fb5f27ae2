//! Links the shared library in the folder `DEMO` (what `tn cache package --format shared` made).

fn main() {
    let folder = std::env::var("DEMO").expect("DEMO names the package's folder");
    println!("cargo:rerun-if-env-changed=DEMO");
    println!("cargo:rustc-link-search=native={folder}");
    println!("cargo:rustc-link-lib=dylib=demo");
    println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    println!("cargo:rustc-env=DEMO_WEIGHTS={folder}/demo.weights");
}
