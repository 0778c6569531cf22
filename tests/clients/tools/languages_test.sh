#!/bin/sh
# Programs of other languages, through the C library they stand on. languages_test.sh perl|node|java
# What each can do with a character device is its own: see the expectations.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"

case_perl() {
  needs perl
  cat >program <<'EOP'
use Fcntl;
my @about = stat "/dev/dax0.0";
printf "mode %o size %d\n", $about[2], $about[7];
print "character device\n" if -c "/dev/dax0.0";
sysopen(my $device, "/dev/dax0.0", O_RDWR) or die "open: $!";
print "read: $!\n" unless defined sysread($device, my $bytes, 10);
print "write: $!\n" unless defined syswrite($device, "x");
print "seek: ", sysseek($device, 4096, 0), "\n";
opendir(my $bus, "/sys/bus/dax/devices") or die "opendir: $!";
print join(" ", grep { !/^\./ } readdir $bus), "\n";
open(my $size, "<", "/sys/bus/dax/devices/dax0.0/size") or die "size: $!";
print "size ", <$size>;
print "links to ", readlink("/sys/bus/dax/devices/dax0.0"), "\n";
open(my $create, ">", "/sys/bus/dax/devices/dax0.0/size") or die "size: $!";
$create->autoflush;
print "busy: $!\n" unless print $create "0\n" and close $create;
EOP
  runs "$daxemu" run --size 64M -- perl program
  same "perl" "$out" "mode 20600 size 0
character device
read: Invalid argument
write: Invalid argument
seek: 0 but true
dax0.0
size 67108864
links to ../../../devices/platform/hmem.0/dax0.0
busy: Device or resource busy"
}

case_node() {
  needs node
  cat >program.js <<'EOP'
const fs = require("fs");
const about = fs.statSync("/dev/dax0.0");
console.log("character device", about.isCharacterDevice(), "size", about.size);
console.log(fs.readdirSync("/sys/bus/dax/devices").join(" "));
console.log("size", fs.readFileSync("/sys/bus/dax/devices/dax0.0/size", "utf8").trim());
console.log("is at", fs.realpathSync("/sys/bus/dax/devices/dax0.0"));
const device = fs.openSync("/dev/dax0.0", "r+");
for (const [what, call] of [["read", () => fs.readSync(device, Buffer.alloc(10))], ["write", () => fs.writeSync(device, "x")]]) {
  try { call(); console.log(what); } catch (error) { console.log(what, error.code); }
}
fs.closeSync(device);
try { fs.writeFileSync("/sys/bus/dax/devices/dax0.0/size", "0"); } catch (error) { console.log("busy", error.code); }
fs.promises.readFile("/sys/bus/dax/devices/dax0.0/align", "utf8").then(text => console.log("align", text.trim()));
EOP
  runs "$daxemu" run --size 64M -- node program.js
  same "node" "$out" "character device true size 0
dax0.0
size 67108864
is at /sys/devices/platform/hmem.0/dax0.0
read EINVAL
write EINVAL
busy EBUSY
align 2097152"
}

# FileChannel.map makes a file that is shorter than the mapping longer, by ftruncate(2): a device-dax answers EINVAL to
# that, real or not, and its st_size is 0. So Java can open and look, but not map it without native code.
case_java() {
  needs java javac
  cat >Dax.java <<'EOP'
import java.nio.channels.FileChannel;
import java.nio.file.*;
public class Dax {
  public static void main(String[] words) throws Exception {
    Path device = Path.of("/dev/dax0.0");
    System.out.println("size " + Files.readString(Path.of("/sys/bus/dax/devices/dax0.0/size")).trim());
    System.out.println("is at " + Path.of("/sys/bus/dax/devices/dax0.0").toRealPath());
    System.out.println("mode " + Integer.toOctalString((Integer) Files.getAttribute(device, "unix:mode")));
    try (FileChannel channel = FileChannel.open(device, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      System.out.println("channel size " + channel.size());
      try {
        channel.map(FileChannel.MapMode.READ_WRITE, 0, 4 << 20);
        System.out.println("mapped");
      } catch (java.io.IOException error) {
        System.out.println("map: " + error.getMessage());
      }
    }
  }
}
EOP
  runs javac Dax.java
  runs "$daxemu" run --size 64M -- java -XX:+UseSerialGC -cp . Dax
  same "java" "$out" "size 67108864
is at /sys/devices/platform/hmem.0/dax0.0
mode 20600
channel size 0
map: Invalid argument"
}

"case_$1"
nothing_runs
