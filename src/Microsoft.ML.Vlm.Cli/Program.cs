using Microsoft.ML.Vlm.Cli;

using StopRequest stop = new();
return new VlmTool(ToolConsole.OfProcess(stop.Token)).Run(args);
