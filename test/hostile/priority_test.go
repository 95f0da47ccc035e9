// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
)

// backgroundNice is the niceness of the attackers, their servers and the Kubernetes API. In the field they have machines of
// their own. Here they share the cores with the replicas and the victim, who are to lose none of them to the attackers' own
// work: at 19 a process gets a seventieth of what one at 0 gets.
const backgroundNice = 19

// intoBackground lowers the priority of this process. Linux keeps one for each thread, and a thread is born with that of
// the one that makes it.
func intoBackground() error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return fmt.Errorf("listing the threads: %w", err)
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			return fmt.Errorf("a thread's name: %w", err)
		}
		// One that has ended since has no priority.
		if err := syscall.Setpriority(syscall.PRIO_PROCESS, id, backgroundNice); err != nil && err != syscall.ESRCH {
			return fmt.Errorf("lowering the priority of a thread: %w", err)
		}
	}
	return nil
}

// startInForeground starts a program at the priority that this process had, and calls ended when it has ended. The program
// ends with this process.
func startInForeground(command *exec.Cmd, ended func(error)) error {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	go func() {
		// A child has the priority of the thread that starts it, and dies with it. The thread ends with this goroutine, since
		// it is never unlocked.
		runtime.LockOSThread()
		if err := syscall.Setpriority(syscall.PRIO_PROCESS, 0, 0); err != nil {
			started <- fmt.Errorf("raising the priority (this needs CAP_SYS_NICE): %w", err)
			return
		}
		err := command.Start()
		started <- err
		if err == nil {
			ended(command.Wait())
		}
	}()
	return <-started
}
