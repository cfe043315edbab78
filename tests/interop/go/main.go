// The go-nsq side of the interop tests; ../README.md has the conversation with the runner.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

var answers = bufio.NewReader(os.Stdin)

// ask sends a request to the runner and waits for its OK.
func ask(request string) error {
	fmt.Println(request)
	answer, err := answers.ReadString('\n')
	if err != nil {
		return fmt.Errorf("%s: no answer from the runner: %w", request, err)
	}
	if answer = strings.TrimSpace(answer); answer != "OK" {
		return fmt.Errorf("%s: %s", request, answer)
	}
	return nil
}

// check lets the runner compare the channel's counters once nothing is left in it.
func check(topic string, messages, requeues, timeouts int) error {
	return ask(fmt.Sprintf("CHECK %s %s %d %d %d", topic, channel, messages, requeues, timeouts))
}

func runScenarios(at addresses, prefix string) error {
	for _, s := range scenarios {
		fmt.Println("STEP", s.name)
		if err := s.run(at, prefix+"_"+s.name); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	fmt.Println("DONE")
	return nil
}

func run(args []string) error {
	switch {
	case len(args) == 4 && args[0] == "scenarios":
		return runScenarios(addresses{nsqd: args[1], lookupd: args[2]}, args[3])
	case len(args) == 5 && args[0] == "read":
		count, err := strconv.Atoi(args[4])
		if err != nil {
			return err
		}
		return readBodies(args[1], args[2], args[3], count)
	}
	return fmt.Errorf("usage: scenarios <address> <nsqlookupd> <prefix> | read <address> <topic> <channel> <count>")
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
