// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/warren-dev/ingress/test/fixture"
)

// runner is a client that takes jobs, one at a time.
type runner interface {
	run(t *testing.T, j job) outcome
	close()
}

// tooLong is when a client that still runs is ended. Nothing that it is asked to do takes half as long.
const tooLong = 40 * time.Second

// script is a client that reads jobs as lines of JSON, and writes outcomes as lines of JSON.
type script struct {
	arguments []string
	process   *exec.Cmd
	to        io.WriteCloser
	from      chan []byte
	ended     chan struct{}
	said      fixture.Tail
}

// startScript returns a client that is a script. It is started with its first job, and anew after a job that took too
// long.
func startScript(arguments ...string) runner { return &script{arguments: arguments} }

func (s *script) start(t *testing.T, j job) {
	t.Helper()
	s.process = exec.Command(s.arguments[0], s.arguments[1:]...)
	s.process.Dir = "scripts"
	s.process.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "NODE_EXTRA_CA_CERTS="+j.CA, "CLIENTS_NODE_MODULES="+nodeModules(t),
		"CLASSPATH="+filepath.Join(filepath.Dir(j.CA), "java"))
	s.process.Stderr = &s.said
	s.process.SysProcAttr = ownGroup()
	var err error
	if s.to, err = s.process.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	output, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s.process.Stdout = write
	ended := make(chan struct{})
	s.ended = ended
	if err := startBound(s.process, func(error) { close(ended) }); err != nil {
		s.process = nil
		t.Fatal(err)
	}
	_ = write.Close()
	s.from = make(chan []byte)
	go func(lines chan []byte) {
		defer close(lines)
		defer output.Close()
		reader := bufio.NewReader(output)
		for {
			line, err := reader.ReadBytes('\n')
			if err != nil {
				return
			}
			lines <- line
		}
	}(s.from)
}

func (s *script) run(t *testing.T, j job) outcome {
	t.Helper()
	patient := tooLong + time.Duration(j.Seconds*float64(time.Second))
	if s.process == nil {
		s.start(t, j)
		// Some take long to begin on a busy machine.
		patient += patience
	}
	for i := range j.Requests {
		if j.Requests[i].Headers == nil {
			j.Requests[i].Headers = [][2]string{}
		}
	}
	line, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.to.Write(append(line, '\n')); err != nil {
		s.close()
		return outcome{Error: "the client ended: " + s.said.String()}
	}
	limit := time.NewTimer(patient)
	defer limit.Stop()
	select {
	case line, ok := <-s.from:
		if !ok {
			s.close()
			return outcome{Error: "the client ended: " + s.said.String()}
		}
		var o outcome
		if err := json.Unmarshal(line, &o); err != nil {
			return outcome{Error: fmt.Sprintf("the client wrote %q: %v", line, err)}
		}
		return o
	case <-limit.C:
		s.close()
		return outcome{Error: fmt.Sprintf("the client took longer than %s", patient)}
	}
}

// close ends the script.
func (s *script) close() {
	if s.process == nil {
		return
	}
	_ = s.to.Close()
	_ = syscall.Kill(-s.process.Process.Pid, syscall.SIGKILL)
	for range s.from {
	}
	<-s.ended
	s.process, s.said = nil, fixture.Tail{}
}

// nodeModules is where hack/clients/install puts the packages of Node.
func nodeModules(t *testing.T) string {
	t.Helper()
	if given := os.Getenv("CLIENTS_NODE_MODULES"); given != "" {
		return given
	}
	folder, err := filepath.Abs("../../bin/clients/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	return folder
}
