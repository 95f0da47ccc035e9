// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
)

// patience is for a busy machine. Nothing waits for it that goes well.
const patience = time.Minute

// follow has a Follower that looks by itself only every so often, until the test ends. It returns it and its news.
func follow(t *testing.T, look time.Duration, names ...string) (*Follower, <-chan struct{}) {
	t.Helper()
	f, err := NewFollower(names, all, logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	f.lookInterval = look
	news := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	if _, err := f.Read(); err != nil {
		t.Fatal(err)
	}
	running.Go(func() {
		f.Run(ctx, func() {
			select {
			case news <- struct{}{}:
			default:
			}
		})
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f, news
}

// names returns what objects a Set has, with a star behind them if there are faults.
func names(set *Set) string {
	var all []string
	for _, object := range set.Objects {
		all = append(all, object.GetName())
	}
	slices.Sort(all)
	text := strings.Join(all, " ")
	if len(set.Faults) > 0 {
		text += "*"
	}
	return text
}

// comes waits for news until the objects of these names are read.
func comes(t *testing.T, f *Follower, news <-chan struct{}, want string) {
	t.Helper()
	late := time.After(patience)
	got := "nothing"
	for {
		select {
		case <-news:
		case <-late:
			t.Fatalf("the files hold %q, want %q", got, want)
		}
		set, err := f.Read()
		if err != nil {
			got = err.Error() // Something is under way.
			continue
		}
		if got = names(set); got == want {
			return
		}
	}
}

// named is a Task of a name.
func named(name string) string { return strings.ReplaceAll(task, "web-1", name) }

func TestEachWayToChangeFilesIsNoticed(t *testing.T) {
	t.Parallel()
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]struct {
		// follow are the names that are followed, below a folder with task.yaml in the folder a.
		follow []string
		// change makes task.yaml hold the Task b, in that folder.
		change func(t *testing.T, in string)
	}{
		"a file that is written": {[]string{"a"}, func(t *testing.T, in string) { write(t, filepath.Join(in, "a", "task.yaml"), named("b")) }},
		"the file itself":        {[]string{"a/task.yaml"}, func(t *testing.T, in string) { write(t, filepath.Join(in, "a", "task.yaml"), named("b")) }},
		"a file in the place of another": {[]string{"a"}, func(t *testing.T, in string) {
			write(t, filepath.Join(in, "new"), named("b"))
			must(t, os.Rename(filepath.Join(in, "new"), filepath.Join(in, "a", "task.yaml")))
		}},
		"one in the place of the file itself": {[]string{"a/task.yaml"}, func(t *testing.T, in string) {
			write(t, filepath.Join(in, "new"), named("b"))
			must(t, os.Rename(filepath.Join(in, "new"), filepath.Join(in, "a", "task.yaml")))
		}},
		"a new folder": {[]string{"a"}, func(t *testing.T, in string) {
			must(t, os.Remove(filepath.Join(in, "a", "task.yaml")))
			write(t, filepath.Join(in, "a", "below", "deep", "task.yaml"), named("b"))
		}},
		"a folder that is made anew": {[]string{"a"}, func(t *testing.T, in string) {
			must(t, os.RemoveAll(filepath.Join(in, "a")))
			write(t, filepath.Join(in, "a", "task.yaml"), named("b"))
		}},
		"a folder in the place of another": {[]string{"a"}, func(t *testing.T, in string) {
			write(t, filepath.Join(in, "new", "task.yaml"), named("b"))
			must(t, os.Rename(filepath.Join(in, "a"), filepath.Join(in, "old")))
			must(t, os.Rename(filepath.Join(in, "new"), filepath.Join(in, "a")))
		}},
		"another target of a mounted ConfigMap": {[]string{"mount"}, swapMount},
		"the same by a file of it":              {[]string{"mount/task.yaml"}, swapMount},
		"another target of a link to a folder": {[]string{"current"}, func(t *testing.T, in string) {
			write(t, filepath.Join(in, "b", "task.yaml"), named("b"))
			link(t, "b", filepath.Join(in, "next"))
			must(t, os.Rename(filepath.Join(in, "next"), filepath.Join(in, "current")))
		}},
		"what a link to a folder leads to": {[]string{"current"}, func(t *testing.T, in string) { write(t, filepath.Join(in, "a", "task.yaml"), named("b")) }},
		"what a link to a file leads to":   {[]string{"links"}, func(t *testing.T, in string) { write(t, filepath.Join(in, "a", "task.yaml"), named("b")) }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := t.TempDir()
			write(t, filepath.Join(in, "a", "task.yaml"), named("a"))
			link(t, "a", filepath.Join(in, "current"))
			write(t, filepath.Join(in, "links", "README"), "")
			link(t, filepath.Join(in, "a", "task.yaml"), filepath.Join(in, "links", "task.yaml"))
			write(t, filepath.Join(in, "mount", "..1", "task.yaml"), named("a"))
			link(t, "..1", filepath.Join(in, "mount", "..data"))
			link(t, filepath.Join("..data", "task.yaml"), filepath.Join(in, "mount", "task.yaml"))
			var follows []string
			for _, name := range test.follow {
				follows = append(follows, filepath.Join(in, name))
			}
			f, news := follow(t, time.Hour, follows...)
			test.change(t, in)
			comes(t, f, news, "b")
		})
	}
}

// swapMount changes a mounted ConfigMap as the kubelet does: all files at once, by another target of a link, and then
// without what was there before.
func swapMount(t *testing.T, in string) {
	mount := filepath.Join(in, "mount")
	write(t, filepath.Join(mount, "..2", "task.yaml"), named("b"))
	link(t, "..2", filepath.Join(mount, "..data_tmp"))
	if err := os.Rename(filepath.Join(mount, "..data_tmp"), filepath.Join(mount, "..data")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(mount, "..1")); err != nil {
		t.Fatal(err)
	}
}

func TestChangesThatNoWatchTellsOfAreSeen(t *testing.T) {
	t.Parallel()
	in := t.TempDir()
	write(t, filepath.Join(in, "task.yaml"), named("a"))
	f, news := follow(t, time.Millisecond, in)
	f.watch(nil) // as a file system of a network, until the next look
	write(t, filepath.Join(in, "task.yaml"), named("b"))
	comes(t, f, news, "b")
}

func TestStandardInputIsNotFollowed(t *testing.T) {
	t.Parallel()
	if _, err := NewFollower([]string{"a.yaml", Stdin}, all, logr.Discard()); err == nil || !strings.Contains(err.Error(), "write a file or a folder") {
		t.Errorf("the error is %v", err)
	}
}
