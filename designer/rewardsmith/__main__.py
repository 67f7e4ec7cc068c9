"""`python -m rewardsmith …`: the same command line, where no script is on the path."""

from rewardsmith.cli import main

if __name__ == "__main__":
    main()
