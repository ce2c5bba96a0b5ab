"""Away from a row's own case: between its inputs (`jumps`), and after optimiser steps (`steps`). May import core, plugins and weights."""
