namespace Microsoft.ML.Vlm.Torch;

/// <summary>
/// Threads that stay awake between many short pieces of work, such as the hundreds of products of one token: to start a task for each would cost more than the work.
/// Whoever is free takes the next piece, so that a thread that the system has put aside delays nobody but the piece it holds.
/// </summary>
internal sealed class WorkTeam
{
    // A ticket is the number of the round (24 bits), its pieces (20 bits) and the next piece (20 bits): one comparison claims a piece of a certain round.
    private const int PieceBits = 20;
    private const long PieceMask = (1 << PieceBits) - 1;

    // Some hundreds of microseconds: longer than what lies between two tokens.
    private const int Spins = 2000;
    private const int Yields = 50;
    private const int SpinLength = 8;

    private readonly Lock _gate = new();
    private readonly object _sleep = new();
    private readonly List<Thread> _helpers = [];
    private Action<int>? _work;
    private Exception? _failure;
    private long _ticket;
    private long _round;
    private int _done;
    private volatile int _wanted;

    private WorkTeam()
    {
    }

    /// <summary>The team of this process.</summary>
    public static WorkTeam Shared { get; } = new();

    /// <summary>Most pieces of a round.</summary>
    public static int MostPieces => (int)PieceMask;

    /// <summary>Takes the team for a while. When somebody else has it, the turn works alone: the cores are busy then anyway.</summary>
    /// <param name="threads">Threads that work, the caller's included.</param>
    public Turn Take(int threads)
    {
        if (threads <= 1 || !_gate.TryEnter())
        {
            return default;
        }
        while (_helpers.Count < threads - 1)
        {
            int index = _helpers.Count;
            Thread helper = new(() => Help(index)) { IsBackground = true, Name = $"{nameof(WorkTeam)} {index + 1}" };
            _helpers.Add(helper);
            helper.Start();
        }
        lock (_sleep)
        {
            _wanted = threads - 1;
            Monitor.PulseAll(_sleep);
        }
        return new Turn(this);
    }

    private void Run(int pieces, Action<int> work)
    {
        (_work, _done) = (work, 0);
        Volatile.Write(ref _ticket, (++_round << (2 * PieceBits)) | ((long)pieces << PieceBits));
        while (TryWork())
        {
        }
        SpinWait spinner = default;
        while (Volatile.Read(ref _done) < pieces)
        {
            spinner.SpinOnce(sleep1Threshold: -1);
        }
        if (Interlocked.Exchange(ref _failure, null) is { } failure)
        {
            throw new InvalidOperationException($"A piece of work failed: {failure.Message}", failure);
        }
    }

    private bool TryWork()
    {
        while (true)
        {
            long ticket = Volatile.Read(ref _ticket), next = ticket & PieceMask;
            if (next >= ((ticket >> PieceBits) & PieceMask))
            {
                return false;
            }
            if (Interlocked.CompareExchange(ref _ticket, ticket + 1, ticket) == ticket)
            {
                // The round cannot end before this piece is counted, so that the work is the round's.
                try
                {
                    _work!((int)next);
                }
                catch (Exception exception)
                {
                    Interlocked.CompareExchange(ref _failure, exception, null);
                }
                Interlocked.Increment(ref _done);
                return true;
            }
        }
    }

    private void Help(int index)
    {
        int idle = 0;
        while (true)
        {
            if (index < _wanted && TryWork())
            {
                idle = 0;
            }
            else if (++idle < Spins)
            {
                Thread.SpinWait(SpinLength);
            }
            else if (idle < Spins + Yields)
            {
                Thread.Yield();
            }
            else
            {
                idle = 0;
                lock (_sleep)
                {
                    while (index >= _wanted)
                    {
                        Monitor.Wait(_sleep);
                    }
                }
            }
        }
    }

    private void Leave()
    {
        _wanted = 0;
        _gate.Exit();
    }

    /// <summary>A while in which the team is the caller's. Dispose on the same thread.</summary>
    internal readonly struct Turn : IDisposable
    {
        private readonly WorkTeam? _team;

        internal Turn(WorkTeam team) => _team = team;

        /// <summary>Does all pieces, and returns when they are done.</summary>
        /// <param name="pieces">How many, at most <see cref="MostPieces"/>.</param>
        /// <param name="work">Gets the number of a piece; several threads call it at once.</param>
        public void Run(int pieces, Action<int> work)
        {
            if (_team is not null && pieces > 1)
            {
                _team.Run(pieces, work);
                return;
            }
            for (int piece = 0; piece < pieces; piece++)
            {
                work(piece);
            }
        }

        /// <summary>Gives the team back.</summary>
        public void Dispose() => _team?.Leave();
    }
}
