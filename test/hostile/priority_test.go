// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// intoBackground makes this process run only when nobody else wants to. In the field, attackers, their servers and the
// Kubernetes API have their own machines. Here they share the cores with the replicas and the victim, which must not
// lose cores to the attackers' own work. A low priority is not enough: Linux lets a thread that runs finish a slice of
// 3 ms before one that wakes up.
//
// A thread has its own policy, and gets that of its maker when it is born. Bringing a thread out of the background
// takes CAP_SYS_NICE. Without it, intoBackground leaves all threads where they are.
func intoBackground() error {
	if err := thereAndBack(); errors.Is(err, unix.EPERM) {
		fmt.Println("attackers run beside replicas and victims here: latencies say less")
		return nil
	} else if err != nil {
		return err
	}
	inBackground = true
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return fmt.Errorf("listing the threads: %w", err)
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			return fmt.Errorf("a thread's name: %w", err)
		}
		// A thread that has ended since has no policy.
		if err := schedule(id, unix.SCHED_IDLE); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("sending a thread into the background: %w", err)
		}
	}
	return nil
}

// inBackground is set once this process is.
var inBackground bool

// thereAndBack sends a thread into the background and brings it back.
func thereAndBack() error {
	failed := make(chan error)
	go func() {
		runtime.LockOSThread() // It ends with the goroutine, whatever its policy is then.
		err := schedule(0, unix.SCHED_IDLE)
		if err == nil {
			err = schedule(0, unix.SCHED_NORMAL)
		}
		failed <- err
	}()
	return <-failed
}

// schedule sets the policy of a thread. 0 is the calling one.
func schedule(thread int, policy uint32) error {
	return unix.SchedSetAttr(thread, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: policy}, 0)
}

// startInForeground starts a program that is scheduled as any other. It calls ended when the program has ended. The
// program ends with this process.
func startInForeground(command *exec.Cmd, ended func(error)) error {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	go func() {
		// A child has the policy of the thread that starts it, and dies with it. The thread ends with this goroutine, because
		// it is never unlocked.
		runtime.LockOSThread()
		if inBackground {
			if err := schedule(0, unix.SCHED_NORMAL); err != nil {
				started <- fmt.Errorf("coming out of the background: %w", err)
				return
			}
		}
		err := command.Start()
		started <- err
		if err == nil {
			ended(command.Wait())
		}
	}()
	return <-started
}
