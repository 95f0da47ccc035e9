// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/go-logr/logr"
)

// lookInterval is the time between two looks at all files. File systems of networks tell of no changes, nor does a
// system whose bound of watches is reached.
const lookInterval = 10 * time.Second

// Follower reads files again when they have changed: those that were written, and those that were put in the place of
// others, by a rename or by another target of a link.
type Follower struct {
	names   []string
	options Options
	logger  logr.Logger
	watcher *fsnotify.Watcher
	// lookInterval is that constant, unless a test wants another one.
	lookInterval time.Duration

	mu sync.Mutex
	// read is the digest of what was read last.
	read [sha256.Size]byte
	// unwatched is set while a folder cannot be watched.
	unwatched bool
}

// NewFollower returns a Follower of files and folders. Close ends it.
func NewFollower(names []string, o Options, logger logr.Logger) (*Follower, error) {
	for _, name := range names {
		if name == Stdin {
			return nil, errors.New("standard input cannot be followed: write a file or a folder")
		}
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watching manifests: %w", err)
	}
	return &Follower{names: names, options: o, logger: logger, watcher: watcher, lookInterval: lookInterval}, nil
}

// Close stops watching.
func (f *Follower) Close() error { return f.watcher.Close() }

// Read returns what the files hold now. It returns an error if one cannot be read at all.
func (f *Follower) Read() (*Set, error) {
	r, err := newReader(f.options)
	if err != nil {
		return nil, err
	}
	digest, err := f.each(r.read)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.read = digest
	return &r.set, nil
}

// each calls content with each file, and watches the folders that the files are in. It returns a digest of all.
func (f *Follower) each(content func(file string, content []byte)) (digest [sha256.Size]byte, err error) {
	var files, folders []string
	for _, name := range f.names {
		found, below, err := find(name)
		if err != nil {
			return digest, err
		}
		files, folders = append(files, found...), append(folders, below...)
		// Another one may be put in the place of the name itself.
		folders = append(folders, filepath.Dir(name))
	}
	for _, file := range files {
		folders = append(folders, filepath.Dir(target(file)))
	}
	// What changes from here on is noticed, whether or not it is read below.
	f.watch(folders)
	all := sha256.New()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return digest, fmt.Errorf("reading manifests: %w", err)
		}
		fmt.Fprintf(all, "%q %d ", file, len(text))
		_, _ = all.Write(text)
		content(file, text)
	}
	return [sha256.Size]byte(all.Sum(nil)), nil
}

// target returns what a link leads to in the end, and any other name as it is.
func target(name string) string {
	if resolved, err := filepath.EvalSymlinks(name); err == nil {
		return resolved
	}
	return name
}

// watch makes these folders the watched ones. A folder is watched under its own name, so that a link to another folder
// leads to another watch.
func (f *Follower) watch(folders []string) {
	wanted := make(map[string]bool, len(folders))
	var failed error
	for _, folder := range folders {
		folder = target(folder)
		if wanted[folder] {
			continue
		}
		wanted[folder] = true
		// One that is watched already may be another folder of the same name by now.
		if err := f.watcher.Add(folder); err != nil {
			failed = err
		}
	}
	for _, folder := range f.watcher.WatchList() {
		if !wanted[folder] {
			_ = f.watcher.Remove(folder) // It fails if the folder has gone.
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if failed != nil && !f.unwatched {
		f.logger.Info("a folder cannot be watched: changes in it are noticed late", "within", lookInterval, "cause", failed.Error())
	}
	f.unwatched = failed != nil
}

// Run calls changed whenever something may have changed since the last Read, until ctx ends. It calls changed for each
// step of a change, so whoever reads then should wait until no more steps follow.
func (f *Follower) Run(ctx context.Context, changed func()) {
	look := time.NewTicker(f.lookInterval)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-f.watcher.Events:
			if !ok {
				return
			}
			changed()
		case _, ok := <-f.watcher.Errors:
			if !ok {
				return
			}
			changed() // Events were lost.
		case <-look.C:
			if f.differs() {
				changed()
			}
		}
	}
}

// differs returns whether the files hold something else than at the last Read.
func (f *Follower) differs() bool {
	digest, err := f.each(func(string, []byte) {})
	f.mu.Lock()
	defer f.mu.Unlock()
	return err != nil || digest != f.read
}
