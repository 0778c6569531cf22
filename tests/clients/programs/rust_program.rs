// A Rust program on a device, linked statically: std's own calls, and a mapping. Part of client.supervised_static.
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::raw::{c_int, c_long, c_void};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::io::AsRawFd;
use std::thread;

extern "C" {
    fn mmap(at: *mut c_void, length: usize, prot: c_int, flags: c_int, fd: c_int, offset: c_long) -> *mut c_void;
    fn munmap(at: *mut c_void, length: usize) -> c_int;
}
const READ_WRITE: c_int = 3;
const SHARED: c_int = 1;
const LENGTH: usize = 8 << 20;

fn map(file: &File, length: usize) -> Result<usize, std::io::Error> {
    let at = unsafe { mmap(std::ptr::null_mut(), length, READ_WRITE, SHARED, file.as_raw_fd(), 0) };
    if at as isize == -1 { Err(std::io::Error::last_os_error()) } else { Ok(at as usize) }
}

fn main() -> std::io::Result<()> {
    for entry in fs::read_dir("/sys/bus/dax/devices")? {
        println!("device {}", entry?.file_name().to_string_lossy());
    }
    print!("size {}", fs::read_to_string("/sys/bus/dax/devices/dax0.0/size")?);
    let about = fs::metadata("/dev/dax0.0")?;
    println!("character device {} {:o}", about.file_type().is_char_device(), about.mode());
    let mut file = OpenOptions::new().read(true).write(true).open("/dev/dax0.0")?;
    println!("open one {}", file.metadata()?.file_type().is_char_device());
    println!("write {:?}", file.write(b"x").err().and_then(|e| e.raw_os_error()));
    println!("page {:?}", map(&file, 4096).err().and_then(|e| e.raw_os_error()));
    let base = map(&file, LENGTH)?;
    let threads: Vec<_> = (0..8usize)
        .map(|one| thread::spawn(move || {
            for at in (one * 4096..LENGTH).step_by(8 * 4096) {
                unsafe { *((base + at) as *mut u8) = one as u8 };
            }
        }))
        .collect();
    for one in threads {
        one.join().expect("a thread");
    }
    let sum: usize = (0..LENGTH).step_by(4096).map(|at| unsafe { *((base + at) as *const u8) } as usize).sum();
    println!("sum {}", sum);
    println!("munmap of a page {}", unsafe { munmap(base as *mut c_void, 4096) });
    println!("munmap {}", unsafe { munmap(base as *mut c_void, LENGTH) });
    Ok(())
}
