Console.WriteLine("Charts");
