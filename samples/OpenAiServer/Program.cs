using Microsoft.Extensions.AI;
using Microsoft.ML.Vlm;
using OpenAiServer;

// dotnet run -c Release --project samples/OpenAiServer -- --model FOLDER_OR_ID [--adapter FOLDER_OR_ID] [--name NAME] [--urls http://127.0.0.1:8080]
WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
string model = builder.Configuration["model"] ?? "samples/Charts/model";
builder.Services.AddVlmChatClient(
    new VlmScoringEstimator.Options { ModelPath = model, AdapterPath = builder.Configuration["adapter"] },
    new VlmChatOptions { ModelId = builder.Configuration["name"] });

WebApplication app = builder.Build();
app.Services.GetRequiredService<IChatClient>();
app.MapOpenAiChat();
app.Run();
