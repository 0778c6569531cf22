// A Go program under load on a device: goroutines on threads of their own that ask, map and touch, a collector that runs
// all the time, preemption by signals, children by os/exec, one of which has the device as a file of its own. Part of
// client.supervised_load.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	device    = "/dev/dax0.0"
	attribute = "/sys/bus/dax/devices/dax0.0/size"
	extent    = 2 << 20
)

var failed, rounds atomic.Int64

func fails(what string, err any) {
	if failed.Add(1) < 5 {
		fmt.Fprintln(os.Stderr, what, err)
	}
}

func ask() {
	size, err := os.ReadFile(attribute)
	if err != nil || strings.TrimSpace(string(size)) != "67108864" {
		fails("size", fmt.Sprint(string(size), err))
	}
	if info, err := os.Stat(device); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		fails("stat", err)
	}
	if entries, err := os.ReadDir("/sys/bus/dax/devices"); err != nil || len(entries) != 1 {
		fails("readdir", err)
	}
}

func touch(file *os.File, which int, round int) {
	bytes, err := syscall.Mmap(int(file.Fd()), 0, 4*extent, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		fails("mmap", err)
		return
	}
	at := round%4*extent + which
	bytes[at] = byte(round)
	_ = make([]byte, 1<<16) // for the collector
	if bytes[at] != byte(round) {
		fails("a byte", bytes[at])
	}
	if err := syscall.Munmap(bytes); err != nil {
		fails("munmap", err)
	}
}

func main() {
	if len(os.Args) > 1 { // a child, with the device as its file 3
		ask()
		touch(os.NewFile(3, device), 40, 1)
		if failed.Load() != 0 {
			os.Exit(1)
		}
		return
	}
	debug.SetGCPercent(5)
	end := time.Now().Add(3 * time.Second)
	var wait sync.WaitGroup
	for which := 0; which < 6; which++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			if which%2 == 0 {
				runtime.LockOSThread()
			}
			for round := 0; time.Now().Before(end); round++ {
				ask()
				file, err := os.OpenFile(device, os.O_RDWR, 0)
				if err != nil {
					fails("open", err)
					return
				}
				touch(file, which, round)
				if round%8 == which {
					child := exec.Command("/proc/self/exe", "child")
					child.ExtraFiles = []*os.File{file}
					if out, err := child.CombinedOutput(); err != nil {
						fails("a child", fmt.Sprint(err, string(out)))
					}
				}
				file.Close()
				rounds.Add(1)
			}
		}()
	}
	wait.Wait()
	fmt.Println("failed:", failed.Load(), "worked:", rounds.Load() > 6)
}
