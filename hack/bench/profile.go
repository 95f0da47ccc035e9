// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/google/pprof/profile"
)

// profiled is a proxy that says where its CPU time goes.
type profiled interface {
	// profileURL is where it answers, once it runs, with the profile of as many seconds as asked for.
	profileURL(seconds int) string
}

// takeProfile begins to take the CPU profile of a proxy that is about to be measured, if profiles were asked for. The
// function that it returns waits for the profile and keeps it.
func (s *session) takeProfile(ctx context.Context, p *running) (finish func() error) {
	of, ok := p.proxy.(profiled)
	if s.options.profile == "" || !ok {
		return func() error { return nil }
	}
	var taken *profile.Profile
	done := make(chan error, 1)
	go func() {
		var err error
		taken, err = download(ctx, of.profileURL(max(1, int(s.options.window/time.Second))))
		done <- err
	}()
	return func() error {
		err := <-done
		if err == nil {
			s.profiles = append(s.profiles, taken)
		}
		return err
	}
}

func download(ctx context.Context, url string) (*profile.Profile, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", url, response.Status)
	}
	return profile.Parse(response.Body)
}

// writeProfile writes all profiles as one, if they were asked for. Where the binary was says nothing to others, so it
// leaves that out.
func (s *session) writeProfile() error {
	if s.options.profile == "" {
		return nil
	}
	for _, p := range s.profiles {
		for _, m := range p.Mapping {
			m.File, m.BuildID = "", ""
		}
	}
	merged, err := profile.Merge(s.profiles)
	if err != nil {
		return fmt.Errorf("merging %d profiles: %w", len(s.profiles), err)
	}
	file, err := os.Create(s.options.profile)
	if err != nil {
		return err
	}
	if err := merged.Write(file); err != nil {
		return err
	}
	return file.Close()
}
