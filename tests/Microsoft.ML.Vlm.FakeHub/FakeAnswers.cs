using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Microsoft.ML.Vlm.Fakes;

/// <summary>Forms of answers.</summary>
internal static class FakeAnswers
{
    /// <summary>An error as the hub words it: code and message in headers, message in the body.</summary>
    public static Task ErrorAsync(HttpContext context, int status, string? code, string message)
    {
        context.Response.StatusCode = status;
        if (code is not null)
        {
            context.Response.Headers["X-Error-Code"] = code;
            context.Response.Headers["X-Error-Message"] = message;
        }
        return context.Response.WriteAsJsonAsync(new { error = message });
    }

    /// <summary>An object.</summary>
    public static Task JsonAsync(HttpContext context, object value) => context.Response.WriteAsJsonAsync(value);

    /// <summary>Another place.</summary>
    public static Task RedirectAsync(HttpContext context, string place, int status = 302)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.Location = place;
        return Task.CompletedTask;
    }

    /// <summary>A file or a part of it.</summary>
    public static async Task ContentAsync(HttpContext context, FakeContent content, string etag, FakeFault? fault)
    {
        HttpResponse response = context.Response;
        long from = 0;
        if (fault?.IgnoresRange != true && context.Request.Headers.Range is [{ } range] && range.StartsWith("bytes=", StringComparison.Ordinal))
        {
            from = long.Parse(range[6..].Split('-')[0], CultureInfo.InvariantCulture);
            if (from >= content.Size)
            {
                response.StatusCode = 416;
                return;
            }
            response.StatusCode = 206;
            response.Headers.ContentRange = $"bytes {from}-{content.Size - 1}/{content.Size}";
        }
        response.Headers.ETag = $"\"{etag}\"";
        byte[] bytes = content.ReadAll()[(int)from..];
        if (fault?.FlipsBit == true)
        {
            bytes = [.. bytes];
            bytes[bytes.Length / 2] ^= 1;
        }
        if (fault is { ExtraBytes: not 0 })
        {
            Array.Resize(ref bytes, bytes.Length + fault.ExtraBytes);
        }
        response.ContentLength = bytes.Length;
        if (context.Request.Method == "HEAD")
        {
            return;
        }
        if (fault?.CutAfter is { } cut)
        {
            await response.Body.WriteAsync(bytes.AsMemory(0, (int)Math.Min(cut, bytes.Length)));
            await response.Body.FlushAsync();

            // What was flushed has to be read before the connection goes, or the other side sees none of it.
            await Task.Delay(100);
            context.Abort();
            return;
        }
        await response.Body.WriteAsync(bytes);
    }
}
